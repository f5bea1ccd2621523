import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A whole e-mail or postcard, in a frame where no script can run. */
export class ContactMessageField extends Component {
    static template = "customer_contact_360.ContactMessageField";
    static props = {...standardFieldProps};
}

registry.category("fields").add("contact_message", {
    component: ContactMessageField,
    displayName: _t("Message to a customer"),
    supportedTypes: ["text"],
});
