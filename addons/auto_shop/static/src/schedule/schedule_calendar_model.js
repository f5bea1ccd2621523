import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {CalendarModel} from "@web/views/calendar/calendar_model";

const OVER = ["completed", "no_show"];
// When a click on a day of the month view books.
const MORNING = {hours: 9};

export class ScheduleCalendarModel extends CalendarModel {
    static services = [...CalendarModel.services, "customer_question"];

    setup(params, services) {
        super.setup(...arguments);
        this.customerQuestion = services.customer_question;
    }

    get defaultFilterLabel() {
        return _t("Not assigned");
    }

    getLocalStorageScale() {
        // A week does not fit on a phone: start there with the day.
        if (this.env.isSmall && !browser.localStorage.getItem(this.storageKey)) {
            return "day";
        }
        return super.getLocalStorageScale();
    }

    getAllDayDates(start) {
        return [start.set(MORNING), start.set(MORNING).plus({hours: 1})];
    }

    makeContextDefaults(rawRecord) {
        const context = super.makeContextDefaults(rawRecord);
        // Appointments have a time, also when a day of the month was clicked.
        delete context.default_allday;
        delete context.default_name;
        return context;
    }

    normalizeRecord(rawRecord) {
        const record = super.normalizeRecord(rawRecord);
        record.isStriked = rawRecord.shop_state === "cancelled";
        record.isHatched = OVER.includes(rawRecord.shop_state);
        return record;
    }

    async updateRecord(record) {
        try {
            await super.updateRecord(...arguments);
        } catch (error) {
            // Put back what was dragged.
            await this.load();
            throw error;
        }
        await this.customerQuestion.ask(this.resModel, record.id);
    }

    /**
     * @param {number} resId
     * @param {string} method a button of the appointment's form
     */
    async changeState(resId, method) {
        await this.orm.call(this.resModel, method, [[resId]]);
        await this.load();
        await this.customerQuestion.ask(this.resModel, resId);
    }
}
