import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** An arrow: did the shop or the customer write last? */
export class TextDirectionField extends Component {
    static template = "auto_shop.TextDirectionField";
    static props = {...standardFieldProps};

    get isFromCustomer() {
        return this.props.record.data[this.props.name] === "in";
    }

    get label() {
        return this.isFromCustomer
            ? _t("The customer wrote last")
            : _t("You wrote last");
    }
}

registry.category("fields").add("text_direction", {
    component: TextDirectionField,
    supportedTypes: ["selection"],
});
