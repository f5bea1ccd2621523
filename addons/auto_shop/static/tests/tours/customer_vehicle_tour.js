import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("auto_shop_customer_vehicle_decode", {
    steps: () => [
        {
            content: "Start a new card",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Say who owns the vehicle",
            trigger: ".o_field_widget[name=owner_id] input",
            run: "edit Rosa Delgado",
        },
        {
            trigger: ".dropdown-item:contains(Rosa Delgado)",
            run: "click",
        },
        {
            content: "Type a VIN with a wrong check digit, as people type it",
            trigger: ".o_field_widget[name=vin] input",
            run: "edit 1hg cm826 43a004352 && press Tab",
        },
        {
            content: "The card says at once what is wrong",
            trigger: ".o_field_widget[name=vin_warning]:contains(check digit)",
        },
        {
            content: "Press Decode all the same, on a card that was never saved",
            trigger: "button[name=action_decode_vin]",
            run: "click",
        },
        {
            content: "A dialog says why",
            trigger: ".modal:contains(check digit) .modal-footer button:first",
            run: "click",
        },
        {
            content: "Correct the VIN",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=vin] input",
            run: "edit 1hg cm826 33a004352",
        },
        {
            content: "Decode it, which saves it first",
            trigger: "button[name=action_decode_vin]",
            run: "click",
        },
        {
            content: "The card is filled",
            trigger: "h1 .o_field_widget:contains(2003 Honda Accord)",
        },
        {
            trigger: ".o_notification:contains(Filled from the VIN)",
        },
        {
            trigger: ".o_form_view:has(.o_form_saved), .o_form_saved",
        },
    ],
});
