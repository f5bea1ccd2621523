import {registry} from "@web/core/registry";

const NO_QUESTION = "body:not(:has(.o_customer_question))";

function editStart(value) {
    return [
        {
            content: "Move the appointment",
            trigger: ".o_field_widget[name=start] [data-field=start]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=start] input[data-field=start]",
            run: `edit ${value} && press Tab`,
        },
        {content: "Close the picker", trigger: ".o_form_sheet .oe_title", run: "click"},
        {trigger: "body:not(:has(.o_datetime_picker))"},
        {trigger: ".o_form_status_indicator_buttons:not(.invisible)"},
    ];
}

function answer(value) {
    return [
        {
            content: "The question has a preview",
            trigger: ".o_customer_question_preview:contains(You are)",
        },
        {
            content: `Answer ${value}`,
            trigger: `.o_customer_question_answer[data-value=${value}]`,
            run: "click",
        },
        {content: "The question is gone", trigger: NO_QUESTION},
    ];
}

registry.category("web_tour.tours").add("auto_shop_question_form", {
    steps: () => [
        {trigger: ".o_form_view .o_customer_question_banner"},
        {
            content: "The banner asks",
            trigger: ".o_customer_question_banner button",
            run: "click",
        },
        ...answer("ok"),
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        ...editStart("12/03/2040 10:00:00"),
        {
            content: "Save on purpose",
            trigger: ".o_form_button_save",
            run: "click",
        },
        ...answer("ok"),
        {trigger: ".o_form_saved:not(:has(.o_customer_question_banner))"},
        ...editStart("12/04/2040 10:00:00"),
        {
            content: "Save by keyboard",
            trigger: "body",
            run: "press Alt+s",
        },
        ...answer("cancel"),
        {trigger: ".o_form_saved:not(:has(.o_customer_question_banner))"},
        ...editStart("12/05/2040 10:00:00"),
        {trigger: ".o_form_button_save", run: "click"},
        {
            content: "Leave the question open",
            trigger: ".o_customer_question .btn-close",
            run: "click",
        },
        {
            content: "It stays, and Complete asks its own",
            trigger: ".o_form_saved",
        },
        {trigger: "button[name=action_complete]:not(:disabled)", run: "click"},
        ...answer("ok"),
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
    ],
});

registry.category("web_tour.tours").add("auto_shop_question_automatic_save", {
    steps: () => [
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        ...editStart("12/06/2040 10:00:00"),
        {
            content: "Leave: the form saves by itself",
            trigger:
                ".o_menu_sections [data-menu-xmlid='auto_shop.calendar_event_menu']",
            run: "click",
        },
        {trigger: ".o_calendar_view"},
        {content: "Nothing was asked", trigger: NO_QUESTION},
    ],
});

function drop(time) {
    return [
        {
            content: `Drop the appointment at ${time}`,
            trigger: ".o_event:contains(Ann Miller)",
            run: `drag_and_drop .fc-timegrid-slot-lane[data-time='${time}']`,
        },
    ];
}

registry.category("web_tour.tours").add("auto_shop_question_calendar", {
    steps: () => [
        {trigger: ".o_calendar_view .o_calendar_button_next", run: "click"},
        {trigger: ".o_event:contains(Ann Miller)"},
        ...drop("15:00:00"),
        ...answer("ok"),
        {trigger: ".o_event:not(:has(.fa-commenting-o)):contains(Ann Miller)"},
        ...drop("17:00:00"),
        ...answer("cancel"),
        {trigger: ".o_event:not(:has(.fa-commenting-o)):contains(Ann Miller)"},
        ...drop("12:00:00"),
        {
            content: "Escape leaves it open",
            trigger: ".o_customer_question",
            run: "press Escape",
        },
        {trigger: NO_QUESTION},
        {trigger: ".o_event:has(.fa-commenting-o):contains(Ann Miller)"},
    ],
});

registry.category("web_tour.tours").add("auto_shop_question_quick_create", {
    steps: () => [
        {trigger: ".o_calendar_view .o_calendar_button_next", run: "click"},
        {trigger: ".o_calendar_view .o-calendar-button-new", run: "click"},
        {
            trigger: ".modal .o_field_widget[name=customer_id] input",
            run: "edit Ann Miller",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Ann Miller)",
            run: "click",
        },
        {
            content: "The only vehicle of the customer is chosen",
            trigger: ".modal .o_field_widget[name=vehicle_id] input:value(ABC 123)",
        },
        {
            content: "The badge says that texts may be sent",
            trigger: ".modal .badge:contains(Can be texted)",
        },
        {trigger: ".modal .o_form_button_save", run: "click"},
        ...answer("ok"),
        {trigger: ".o_event:not(:has(.fa-commenting-o)):contains(Ann Miller)"},
    ],
});
