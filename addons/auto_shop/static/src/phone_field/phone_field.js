import {
    formPhoneField,
    PhoneField,
    phoneField,
} from "@web/views/fields/phone/phone_field";
import {registry} from "@web/core/registry";
import {useInputField} from "@web/views/fields/input_field_hook";

const digitsOf = (text) => (text || "").replace(/\D/g, "");

const displayFieldOf = (name, options) => options.display_field || `${name}_display`;

/**
 * Shows a number as people write it. What is kept is E.164; how it is written is told
 * by the server, in a field of its own: <name>_display, or the option display_field.
 * What is typed goes to the server as it is, which reads it.
 */
export class ShopPhoneField extends PhoneField {
    static template = "auto_shop.PhoneField";
    static props = {...PhoneField.props, displayField: String};

    setup() {
        // Instead of the one of the parent, which shows what is kept.
        useInputField({getValue: () => this.written});
    }

    get written() {
        const {data} = this.props.record;
        const kept = data[this.props.name] || "";
        const written = data[this.props.displayField] || "";
        // Until the server has read what was just typed, the other is of the old number.
        const tail = digitsOf(written).replace(/^0+/, "");
        return tail && digitsOf(kept).endsWith(tail) ? written : kept;
    }
}

export class FormShopPhoneField extends ShopPhoneField {
    static template = "auto_shop.FormPhoneField";
}

const describe = (field, component) => ({
    ...field,
    component,
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...field.extractProps(fieldInfo, dynamicInfo),
        displayField: displayFieldOf(fieldInfo.name, fieldInfo.options),
    }),
    fieldDependencies: ({name, options}) => [
        {name: displayFieldOf(name, options), type: "char"},
    ],
});

registry.category("fields").add("shop_phone", describe(phoneField, ShopPhoneField));
registry
    .category("fields")
    .add("form.shop_phone", describe(formPhoneField, FormShopPhoneField));
