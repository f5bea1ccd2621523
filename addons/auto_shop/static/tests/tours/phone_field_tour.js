import {registry} from "@web/core/registry";

const input = ".o_form_view .o_field_widget[name=mobile] input";

const shows = (number) => ({
    content: `The form shows ${number}`,
    trigger: `${input}:value("${number}")`,
});

registry.category("web_tour.tours").add("auto_shop_phone_field", {
    steps: () => [
        shows("(512) 555-0123"),
        {
            content: "Change two digits, the rest as it was shown",
            trigger: input,
            run: "edit (512) 555-0177 && press Tab",
        },
        shows("(512) 555-0177"),
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_form_saved",
        },
        shows("(512) 555-0177"),
    ],
});
