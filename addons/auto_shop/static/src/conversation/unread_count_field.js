import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A red bubble with the number; nothing where there is nothing to read. */
export class UnreadCountField extends Component {
    static template = "auto_shop.UnreadCountField";
    static props = {...standardFieldProps};

    get count() {
        return this.props.record.data[this.props.name];
    }
}

registry.category("fields").add("unread_count", {
    component: UnreadCountField,
    supportedTypes: ["integer"],
});
