import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("auto_shop_conversation", {
    steps: () => [
        {
            content: "Two conversations wait, says the counter",
            trigger: ".o_texts_counter:contains(2)",
        },
        {
            content: "The newest unread one comes first, and is bold",
            trigger: ".o_data_row:first.fw-bold td[name=title]:contains(Ann Miller)",
            run: "click",
        },
        {
            content: "What the customer wrote is shown as text, not as markup",
            trigger:
                ".o_conversation_text.o_in .o_conversation_bubble:contains(<b>way</b>):not(:has(b)):not(:has(img))",
        },
        {
            content: "It is read now",
            trigger: ".o_texts_counter:contains(1)",
        },
        {
            content: "The failed one says why",
            trigger:
                ".o_conversation_text[data-state=failed] .o_conversation_reason:contains(switched off)",
        },
        {
            content: "Send it again",
            trigger: ".o_conversation_text[data-state=failed] .o_conversation_again",
            run: "click",
        },
        {
            trigger: ".o_conversation_text[data-state=planned]",
        },
        {
            content: "There is nothing to send yet",
            trigger: ".o_conversation_send:disabled",
        },
        {
            content: "Write an answer",
            trigger: ".o_conversation_input",
            run: "edit See you soon ☺",
        },
        {
            content: "The length is counted as the network does",
            trigger:
                ".o_conversation_footer:has(.o_conversation_unicode) .o_conversation_counter:contains(14 characters)",
        },
        {
            content: "Enter sends",
            trigger: ".o_conversation_input",
            run: "press Enter",
        },
        {
            trigger:
                ".o_conversation_text.o_out .o_conversation_bubble:contains(See you soon)",
        },
        {
            content: "The box is empty again",
            trigger:
                "body:has(.o_conversation_send:disabled):has(.o_conversation_input:placeholder-shown)",
        },
        {
            content: "Back to the list",
            trigger: ".breadcrumb-item:contains(Texts) a, .o_back_button a",
            run: "click",
        },
        {
            content: "The unknown number is the only unread one now",
            trigger: ".o_data_row.fw-bold td[name=title]:contains(555-0199)",
            run: "click",
        },
        {
            content: "It cannot be answered before somebody says who it is",
            trigger: ".o_conversation_input:disabled",
        },
        {
            trigger: ".o_conversation_choose",
            run: "click",
        },
        {
            trigger: ".modal .o_searchview_input",
            run: "edit Bob Harris && press Enter",
        },
        {
            trigger: ".modal .o_data_row:contains(Bob Harris) td.o_data_cell",
            run: "click",
        },
        {
            content: "The texts are Bob's now",
            trigger: ".o_conversation_header h2:contains(Bob Harris)",
        },
        {
            trigger: ".o_conversation_bubble:contains(rock chips)",
        },
        {
            content: "Nothing is unread any more",
            trigger: ".o_auto_shop_texts_systray:not(:has(.o_texts_counter))",
        },
    ],
});

registry.category("web_tour.tours").add("auto_shop_conversation_dialog", {
    steps: () => [
        {
            trigger: ".oe_stat_button:contains(Texts)",
            run: "click",
        },
        {
            content: "The conversation opens over the order",
            trigger: ".modal .o_conversation_bubble:contains(Your car is ready)",
        },
        {
            content: "In the sandbox the customer can be played",
            trigger: ".modal .o_conversation_as_customer",
            run: "click",
        },
        {
            trigger: ".modal .o_conversation_input",
            run: "edit STOP",
        },
        {
            trigger: ".modal .o_conversation_send:contains(Receive)",
            run: "click",
        },
        {
            content: "It counts as the customer's own word",
            trigger: ".modal .o_conversation_blocked:contains(STOP)",
        },
        {
            content: "The shop cannot write, the customer can",
            trigger: ".modal .o_conversation_input:enabled",
        },
        {
            trigger: ".modal .o_conversation_as_customer",
            run: "click",
        },
        {
            trigger: ".modal .o_conversation_input:disabled",
        },
        {
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "The order is still there",
            trigger:
                "body:not(:has(.modal)) .o_form_view .o_field_widget[name=order_line]",
        },
    ],
});

registry.category("web_tour.tours").add("auto_shop_wording", {
    steps: () => [
        {
            trigger: ".o_wording_bubble:contains(Hello)",
        },
        {
            content: "The preview follows while one types",
            trigger: ".o_wording_editor textarea",
            run: "edit Hi:",
        },
        {
            content: "A click puts a merge field at the cursor",
            trigger: ".o_wording_fields button[data-name=first_name]",
            run: "click",
        },
        {
            trigger: ".o_wording_bubble:contains(Hi:Ann)",
        },
        {
            trigger: ".o_wording_length:contains(6 characters, 1 text)",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_form_saved",
        },
    ],
});
