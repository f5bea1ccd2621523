import {registry} from "@web/core/registry";

const rule = (key) => `.o_notebook .o_contact_rule[data-kind=${key}] input`;

registry.category("web_tour.tours").add("customer_contact_360_setup", {
    steps: () => [
        {
            content: "Open the configuration",
            trigger: "[data-menu-xmlid='auto_shop.configuration_menu']",
            run: "click",
        },
        {
            content: "Open the CRM Setup",
            trigger:
                "[data-menu-xmlid='customer_contact_360.customer_contact_setup_menu']",
            run: "click",
        },
        {
            content: "It is off",
            trigger: ".o_contact_forecast_box:contains(no customer)",
        },
        {
            content: "Sign",
            trigger: "[name=owner_name] input",
            run: "edit Ann Owner",
        },
        {
            content: "Say where customers rate the shop",
            trigger: "[name=feedback_url] input",
            run: "edit https://example.com/feedback && press Tab",
        },
        {
            content: "The signature follows",
            trigger: ".o_contact_signature:contains(Ann Owner)",
        },
        {
            content: "Go to the e-mails",
            trigger: ".o_notebook .nav-link:contains(E-mail)",
            run: "click",
        },
        {
            content: "Type a number that cannot be",
            trigger: rule("dead"),
            run: "edit 60",
        },
        {
            content: "The form says why",
            trigger: ".o_contact_rule_note:contains(must be above)",
        },
        {
            content: "Type a better one",
            trigger: rule("dead"),
            run: "edit 400",
        },
        {
            content: "The dates follow, before anything is saved",
            trigger: ".o_contact_rule_explanation:contains(day 400)",
        },
        {
            content: "Switch e-mail on",
            trigger: ".o_field_widget[name=email_enabled] input",
            run: "click",
        },
        {
            content: "Before it is saved: what the first days will bring",
            trigger: ".o_contact_forecast_box:contains(1 messages go out)",
        },
        {
            content: "And whom nobody can reach",
            trigger: ".o_contact_forecast_box:contains(nobody can be reached)",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It is saved",
            trigger: ".o_form_saved",
        },
        {
            content: "Look at the message",
            trigger: ".o_contact_rule[data-kind=inactive] button",
            run: "click",
        },
        {
            content: "It is shown with a customer's data",
            trigger: ".modal .o_wording_frame",
        },
        {
            content: "Back",
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "Open the first week",
            trigger: "button[name=action_open_due]",
            run: "click",
        },
        {
            content: "Who is not reached, and why",
            trigger:
                ".o_data_row:contains(Bob Unreachable):contains(No e-mail address)",
        },
        {
            content: "Open the message to Ann",
            trigger:
                ".o_data_row:contains(Ann Miller) button[name=action_open_preview]",
            run: "click",
        },
        {
            content: "See it",
            trigger: ".modal iframe.o_contact_message",
        },
        {
            content: "Send it to oneself",
            trigger: ".modal button[name=action_send_to_me]",
            run: "click",
        },
        {
            content: "It is on its way",
            trigger: ".o_notification:contains(manager@example.com)",
        },
        {
            content: "Close",
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "Choose the message",
            trigger: ".o_data_row:contains(Ann Miller) .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Block it once",
            trigger: "button[name=action_block]",
            run: "click",
        },
        {
            content: "It is blocked",
            trigger: ".o_data_row:contains(Ann Miller):contains(Blocked)",
        },
    ],
});
