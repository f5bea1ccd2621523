import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("customer_contact_360_print_run", {
    steps: () => [
        {
            content: "The run that waits for the printer",
            trigger: ".o_data_row:contains(To print) .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "It says how many cards there are, and which do not fit",
            trigger: ".o_form_view .o_field_widget[name=card_count]:contains(3)",
        },
        {
            trigger: ".alert:contains(1 of these postcards cannot be printed)",
        },
        {
            trigger: ".o_data_row:contains(too long)",
        },
        {
            content: "Print it",
            trigger: ".o_form_statusbar button[name=action_print]:contains(Print)",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current:contains(Printed)",
        },
        {
            content: "The cards are with the post",
            trigger: "button[name=action_mailed]",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current:contains(Mailed)",
        },
    ],
});

registry.category("web_tour.tours").add("customer_contact_360_postcard_setup", {
    steps: () => [
        {
            trigger: ".nav-link:contains(Postcard)",
            run: "click",
        },
        {
            content: "Both sides stand beside each setting",
            trigger:
                ".o_contact_rule[data-kind=inactive] .o_postcard_preview img + img[src*=back]",
        },
        {
            content: "Choose the larger card",
            trigger: ".o_field_widget[name=post_size] label:contains(6 x 9 in)",
            run: "click",
        },
        {
            content: "See one in large, which saves the choice",
            trigger: ".o_contact_rule[data-kind=inactive] button.o_postcard_preview",
            run: "click",
        },
        {
            trigger: ".modal:contains(would get it today) img[src*=front-large]",
        },
        {
            trigger: ".modal img[src*=back-large]",
        },
        {
            trigger: ".modal-footer button:contains(Close)",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_form_saved, body:not(:has(.modal))",
        },
    ],
});
