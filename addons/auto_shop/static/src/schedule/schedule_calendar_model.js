import { _t } from "@web/core/l10n/translation";
import { CalendarModel } from "@web/views/calendar/calendar_model";

const OVER = ["completed", "no_show"];
// When a click on a day of the month view books.
const MORNING = { hours: 9 };

export class ScheduleCalendarModel extends CalendarModel {
    static services = [...CalendarModel.services, "customer_question"];

    setup(params, services) {
        super.setup(...arguments);
        this.customerQuestion = services.customer_question;
    }

    get defaultFilterLabel() {
        return _t("Not assigned");
    }

    getAllDayDates(start) {
        return [start.set(MORNING), start.set(MORNING).plus({ hours: 1 })];
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
        await this.askCustomerQuestion(record.id);
    }

    async askCustomerQuestion(resId) {
        if (await this.customerQuestion.ask(this.resModel, resId)) {
            await this.load();
        }
    }
}
