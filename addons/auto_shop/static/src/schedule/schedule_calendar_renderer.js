import { CalendarCommonRenderer } from "@web/views/calendar/calendar_common/calendar_common_renderer";
import { CalendarRenderer } from "@web/views/calendar/calendar_renderer";

export class ScheduleCalendarCommonRenderer extends CalendarCommonRenderer {
    static eventTemplate = "auto_shop.ScheduleCalendarCommonRenderer.event";

    get options() {
        return {
            ...super.options,
            // Appointments have a time: there is nothing to drop on a whole day.
            allDaySlot: false,
            scrollTime: "07:00:00",
        };
    }

    isSelectionAllowed(event) {
        return this.props.model.scale !== "month" && super.isSelectionAllowed(event);
    }
}

export class ScheduleCalendarRenderer extends CalendarRenderer {
    static components = {
        ...CalendarRenderer.components,
        day: ScheduleCalendarCommonRenderer,
        week: ScheduleCalendarCommonRenderer,
        month: ScheduleCalendarCommonRenderer,
    };
}
