import {CalendarCommonPopover} from "@web/views/calendar/calendar_common/calendar_common_popover";
import {CalendarCommonRenderer} from "@web/views/calendar/calendar_common/calendar_common_renderer";
import {CalendarRenderer} from "@web/views/calendar/calendar_renderer";

export class ScheduleCalendarPopover extends CalendarCommonPopover {
    static subTemplates = {
        ...CalendarCommonPopover.subTemplates,
        footer: "auto_shop.ScheduleCalendarPopover.footer",
    };

    get state() {
        return this.props.record.rawRecord.shop_state;
    }

    async onClickState(method) {
        this.props.close();
        await this.props.model.changeState(this.props.record.id, method);
    }
}

export class ScheduleCalendarCommonRenderer extends CalendarCommonRenderer {
    static components = {
        ...CalendarCommonRenderer.components,
        Popover: ScheduleCalendarPopover,
    };
    static eventTemplate = "auto_shop.ScheduleCalendarCommonRenderer.event";

    get options() {
        return {
            ...super.options,
            // Appointments have a time: there is nothing to drop on a whole day.
            allDaySlot: false,
            // Two bays at about the same time: side by side, so that both can be read.
            slotEventOverlap: false,
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
