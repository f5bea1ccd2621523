import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** Both sides of a postcard as pictures; a click opens them large. */
export class PostcardPreviewField extends Component {
    static template = "customer_contact_360.PostcardPreviewField";
    static props = {...standardFieldProps, large: {type: Boolean, optional: true}};

    get sides() {
        const {record, name, large} = this.props;
        const fingerprint = record.data[name];
        if (!fingerprint || !record.resId) {
            return [];
        }
        const size = large ? "large" : "small";
        const folder = `/customer_contact_360/postcard/${record.resId}/${fingerprint}`;
        return [
            {side: "front", label: _t("Picture side of the postcard")},
            {side: "back", label: _t("Address side of the postcard")},
        ].map(({side, label}) => ({side, label, url: `${folder}/${side}-${size}.png`}));
    }

    async open() {
        // Saving draws the row anew, and ends this component: no hook of it is used.
        const {orm, action: actions} = this.env.services;
        const {resModel, resId, model} = this.props.record;
        const {root} = model;
        if ((await root.isDirty()) && !(await root.save())) {
            return;
        }
        const action = await orm.call(resModel, "action_open_postcard", [[resId]]);
        await actions.doAction(action, {onClose: () => root.load()});
    }
}

export const postcardPreviewField = {
    component: PostcardPreviewField,
    displayName: _t("Postcard"),
    supportedTypes: ["char"],
    supportedOptions: [{label: _t("Large"), name: "large", type: "boolean"}],
    extractProps: ({options}) => ({large: Boolean(options.large)}),
};

registry.category("fields").add("postcard_preview", postcardPreviewField);
