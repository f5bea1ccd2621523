import {registry} from "@web/core/registry";
import {calendarView} from "@web/views/calendar/calendar_view";
import {ScheduleCalendarController} from "./schedule_calendar_controller";
import {ScheduleCalendarModel} from "./schedule_calendar_model";
import {ScheduleCalendarRenderer} from "./schedule_calendar_renderer";

registry.category("views").add("shop_schedule_calendar", {
    ...calendarView,
    Controller: ScheduleCalendarController,
    Model: ScheduleCalendarModel,
    Renderer: ScheduleCalendarRenderer,
});
