import {IntegerField, integerField} from "@web/views/fields/integer/integer_field";
import {registry} from "@web/core/registry";

/** A whole number that nobody gave yet is nothing, not 0. */
export class BlankIntegerField extends IntegerField {
    get formattedValue() {
        return this.value ? super.formattedValue : "";
    }
}

registry.category("fields").add("blank_integer", {
    ...integerField,
    component: BlankIntegerField,
    isEmpty: (record, fieldName) => !record.data[fieldName],
});
