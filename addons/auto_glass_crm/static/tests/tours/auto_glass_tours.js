import {registry} from "@web/core/registry";

const NO_QUESTION = {
    content: "Nothing is asked",
    trigger: "body:not(:has(.o_customer_question))",
};
const SAVED = {trigger: ".o_form_saved"};

function answer(value, text) {
    return [
        {
            content: "The text is shown as the customer would get it",
            trigger: `.o_customer_question_preview:contains(${text})`,
        },
        {
            content: `Answer ${value}`,
            trigger: `.o_customer_question_answer[data-value=${value}]`,
            run: "click",
        },
        NO_QUESTION,
    ];
}

function editReference(value) {
    return [
        {trigger: ".o_form_view .o_notebook a[name=other_information]", run: "click"},
        {
            trigger: ".o_field_widget[name=client_order_ref] input",
            run: `edit ${value} && press Tab`,
        },
    ];
}

const SAVE = {trigger: ".o_form_button_save", run: "click"};

registry.category("web_tour.tours").add("auto_glass_send_to_crm", {
    steps: () => [
        {
            content: "Nothing is asked by opening an order; the banner says it",
            trigger: ".o_customer_question_banner:contains(has not been sent)",
        },
        NO_QUESTION,
        ...editReference("first"),
        SAVE,
        {
            content: "What is missing is listed",
            trigger: ".o_customer_question_missing:contains(E-mail)",
        },
        ...answer("not_ready", "Main Street Auto"),
        SAVED,
        {trigger: ".o_customer_question_banner"},
        ...editReference("second"),
        SAVE,
        {
            content: "Closing is no answer",
            trigger: ".o_customer_question .btn-close",
            run: "click",
        },
        NO_QUESTION,
        ...editReference("third"),
        SAVE,
        ...answer("ready", "Main Street Auto"),
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        {trigger: "[name=crm_note] .badge:contains(Sent on)"},
        ...editReference("fourth"),
        SAVE,
        SAVED,
        NO_QUESTION,
    ],
});

registry.category("web_tour.tours").add("auto_glass_send_button", {
    steps: () => [
        {
            content: "Send without saving",
            trigger: "button[name=action_send_to_crm]",
            run: "click",
        },
        {trigger: "[name=crm_note] .badge:contains(Sent on)"},
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        NO_QUESTION,
    ],
});

registry.category("web_tour.tours").add("auto_glass_new_quote", {
    steps: () => [
        {trigger: ".o_list_button_add", run: "click"},
        {
            trigger: ".o_field_widget[name=partner_id] input",
            run: "edit Ann Miller",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Ann Miller)",
            run: "click",
        },
        {trigger: "[name=texting] .badge:contains(Can be texted)"},
        SAVE,
        {trigger: ".o_customer_question_missing:contains(Glass)"},
        ...answer("ready", "Main Street Auto"),
        {trigger: "[name=crm_note] .badge:contains(Sent on)"},
    ],
});

registry.category("web_tour.tours").add("auto_glass_automatic_save", {
    steps: () => [
        {trigger: ".o_form_view .o_customer_question_banner"},
        ...editReference("left"),
        {
            content: "Leave: the form saves by itself",
            trigger:
                ".o_menu_sections [data-menu-xmlid='auto_shop.calendar_event_menu']",
            run: "click",
        },
        {trigger: ".o_calendar_view"},
        NO_QUESTION,
    ],
});

registry.category("web_tour.tours").add("auto_glass_no_consent", {
    steps: () => [
        {trigger: "[name=crm_note] .badge:contains(Allow Texting is off)"},
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        ...editReference("quiet"),
        SAVE,
        SAVED,
        NO_QUESTION,
    ],
});

registry.category("web_tour.tours").add("auto_glass_refused_and_sent", {
    steps: () => [
        {
            trigger: "button[name=action_open_schedule]",
            run: "click",
        },
        {trigger: ".o_calendar_view .o_calendar_button_next", run: "click"},
        {trigger: ".o_calendar_view .o-calendar-button-new", run: "click"},
        {trigger: ".modal .o_form_button_save", run: "click"},
        {
            content: "Refused, with the reason",
            trigger: ".modal:contains(has not been sent to the CRM)",
        },
        {trigger: ".o_send_to_crm_now", run: "click"},
        ...answer("ready", "Main Street Auto"),
        {
            content: "What was entered is still there",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        ...answer("ok", "your appointment is on"),
        {trigger: ".o_event:not(:has(.fa-commenting-o)):contains(Ann Miller)"},
    ],
});

function drop(time) {
    return {
        content: `Drop the appointment at ${time}`,
        trigger: ".o_event:contains(Ann Miller)",
        run: `drag_and_drop .fc-timegrid-slot-lane[data-time='${time}']`,
    };
}

registry.category("web_tour.tours").add("auto_glass_drag_and_drop", {
    steps: () => [
        {trigger: ".o_calendar_view .o_calendar_button_next", run: "click"},
        drop("15:00:00"),
        ...answer("ok", "has moved to"),
        {trigger: ".o_event:not(:has(.fa-commenting-o)):contains(Ann Miller)"},
        drop("12:00:00"),
        ...answer("cancel", "has moved to"),
        {trigger: ".o_event:not(:has(.fa-commenting-o)):contains(Ann Miller)"},
    ],
});

for (const value of ["ok", "cancel"]) {
    registry.category("web_tour.tours").add(`auto_glass_complete_${value}`, {
        steps: () => [
            {trigger: "button[name=action_complete]", run: "click"},
            ...answer(value, "ready to be picked up"),
            {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        ],
    });
    registry.category("web_tour.tours").add(`auto_glass_void_${value}`, {
        steps: () => [
            {trigger: "button[name=action_cancel]", run: "click"},
            {trigger: ".modal-footer .btn-primary", run: "click"},
            ...answer(value, "is cancelled"),
            {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        ],
    });
}

const INVOICE = [
    {trigger: "button#create_invoice", run: "click"},
    {trigger: ".modal button#create_invoice_open", run: "click"},
    {trigger: ".o_form_view button[name=action_post]", run: "click"},
    {trigger: ".o_customer_question .o_customer_question_faces"},
];

registry.category("web_tour.tours").add("auto_glass_smile", {
    steps: () => [
        ...INVOICE,
        ...answer("smile", "Thank you for choosing"),
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
        {trigger: ".o_field_widget[name=customer_experience]:contains(Smile)"},
    ],
});

registry.category("web_tour.tours").add("auto_glass_close_and_frown_later", {
    steps: () => [
        ...INVOICE,
        {
            content: "Escape sends nothing",
            trigger: ".o_customer_question",
            run: "press Escape",
        },
        NO_QUESTION,
        {trigger: ".o_customer_question_banner:contains(How did Ann Miller feel)"},
        {trigger: "button[name=action_customer_experience]", run: "click"},
        ...answer("frown", "sorry"),
        {trigger: ".o_field_widget[name=customer_experience]:contains(Frown)"},
        {trigger: ".o_form_view:not(:has(.o_customer_question_banner))"},
    ],
});
