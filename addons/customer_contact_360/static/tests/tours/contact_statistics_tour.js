import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("customer_contact_statistics", {
    steps: () => [
        {
            content: "The four figures are there",
            trigger:
                ".o_contact_tile:contains('Messages sent') .o_contact_big:contains('1')",
        },
        {
            content: "Each message has a row",
            trigger: ".o_contact_dashboard td:contains('Inactive')",
        },
        {
            content: "Each figure is explained",
            trigger: ".o_contact_dashboard dd:contains('Sent and not come back')",
        },
        {
            content: "Look at another period",
            trigger: ".btn-group button:contains('All')",
            run: "click",
        },
        {trigger: ".btn-group button[aria-pressed='true']:contains('All')"},
        {
            content: "Open the messages behind a row",
            trigger: ".o_contact_dashboard td button:contains('Inactive')",
            run: "click",
        },
        {
            content: "Open the message itself",
            trigger: ".o_list_view button[name='action_open_message']",
            run: "click",
        },
        {trigger: ".o_form_view:contains('oil change')"},
    ],
});
