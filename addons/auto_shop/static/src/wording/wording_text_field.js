import {useEffect} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useDebounced} from "@web/core/utils/timing";
import {TextField, textField} from "@web/views/fields/text/text_field";

/** A text whose preview follows while it is written, not only when it is left. */
export class WordingTextField extends TextField {
    setup() {
        super.setup();
        const update = useDebounced(
            () =>
                this.props.record.update({
                    [this.props.name]: this.textareaRef.el?.value,
                }),
            200
        );
        useEffect(
            (el) => {
                el?.addEventListener("input", update);
                return () => el?.removeEventListener("input", update);
            },
            () => [this.textareaRef.el]
        );
    }
}

registry.category("fields").add("wording_text", {
    ...textField,
    component: WordingTextField,
});
