import {_t} from "@web/core/l10n/translation";
import {useBus} from "@web/core/utils/hooks";
import {CalendarController} from "@web/views/calendar/calendar_controller";

const {DateTime} = luxon;

export class ScheduleCalendarController extends CalendarController {
    static template = "auto_shop.ScheduleCalendarController";

    setup() {
        super.setup();
        useBus(this.env.bus, "CUSTOMER_QUESTION:ANSWERED", ({detail}) => {
            if (detail.resModel === this.model.resModel) {
                this.model.load();
            }
        });
    }

    get editRecordDefaultDisplayText() {
        return _t("New Appointment");
    }

    onNew() {
        const now = DateTime.now();
        // The next half hour, on the day that is shown.
        const next = now.startOf("hour").plus({minutes: now.minute < 30 ? 30 : 60});
        const {year, month, day} = this.date < now ? next : this.date;
        const start = next.set({year, month, day});
        return this.createRecord({start, end: start.plus({hours: 1})});
    }

    getQuickCreateFormViewProps() {
        return {
            ...super.getQuickCreateFormViewProps(...arguments),
            title: _t("New Appointment"),
            size: "md",
            onRecordSaved: () => this.model.load(),
        };
    }

    deleteConfirmationDialogProps() {
        return {
            ...super.deleteConfirmationDialogProps(...arguments),
            title: _t("Delete this appointment?"),
            body: _t(
                "Delete only what was booked by mistake. When the customer does not come, cancel the appointment instead."
            ),
        };
    }
}
