import {Component, useState} from "@odoo/owl";
import {PostcardPreviewField} from "../postcard_preview/postcard_preview_field";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useBus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** The eight settings of one channel: each with what it does, live while it is typed. */
export class ContactRulesField extends Component {
    static template = "customer_contact_360.ContactRulesField";
    static components = {PostcardPreviewField};
    static props = {...standardFieldProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        // What stands in the inputs and is not in the records yet: what comes back
        // from the server meanwhile must not overwrite it.
        this.typed = useState({});
        this.update = useDebounced(() => this.commit(), 350);
        const {bus} = this.props.record.model;
        useBus(bus, "NEED_LOCAL_CHANGES", ({detail}) =>
            detail.proms.push(this.commit())
        );
        useBus(bus, "WILL_SAVE_URGENTLY", () => this.commit());
    }

    get rules() {
        return this.props.record.data[this.props.name].records;
    }

    /** The settings as a manager reads them: three for Inactive, one for the others. */
    get settings() {
        return this.rules.flatMap((rule) => {
            const {kind, basis} = rule.data;
            const label = rule.fields.kind.selection.find(([k]) => k === kind)[1];
            const setting = {
                rule,
                label,
                unit: basis,
                field: "days",
                key: kind,
                isFirst: true,
                isLast: kind !== "inactive",
            };
            if (kind !== "inactive") {
                return [setting];
            }
            const isOff = !rule.data.days;
            return [
                setting,
                {
                    rule,
                    label: _t("Inactive Interval"),
                    unit: _t("days until the next one, again and again; 0: only once"),
                    field: "interval",
                    key: "interval",
                    isOff,
                },
                {
                    rule,
                    label: _t("Dead"),
                    unit: _t("days after the last invoice, and no more; 0: never"),
                    field: "dead",
                    key: "dead",
                    isOff,
                    isLast: true,
                },
            ];
        });
    }

    noteClass(rule) {
        return {
            info: "text-muted",
            warning: "alert alert-warning py-1 px-2",
            danger: "alert alert-danger py-1 px-2",
        }[rule.data.note_level];
    }

    noteIcon(rule) {
        return rule.data.note_level === "info"
            ? "fa-info-circle"
            : "fa-exclamation-triangle";
    }

    getKey(setting) {
        return `${setting.rule.id} ${setting.field}`;
    }

    getValue(setting) {
        return this.typed[this.getKey(setting)] ?? setting.rule.data[setting.field];
    }

    onInput(setting, ev) {
        this.typed[this.getKey(setting)] = ev.target.value;
        this.props.record.model.bus.trigger("FIELD_IS_DIRTY", true);
        this.update();
    }

    /** When an input is left, what is no number goes back to what it was. */
    async onChange(setting) {
        await this.commit();
        delete this.typed[this.getKey(setting)];
    }

    /** Write what was typed into the records, where it is another number. */
    async commit() {
        for (const setting of this.settings) {
            const key = this.getKey(setting);
            const text = this.typed[key];
            if (text === undefined || !/^\s*-?\d*\s*$/.test(text)) {
                continue;
            }
            const value = Number.parseInt(text, 10) || 0;
            if (setting.rule.data[setting.field] !== value) {
                // One after the other: each asks the server about the same form.
                // eslint-disable-next-line no-await-in-loop
                await setting.rule.update({[setting.field]: value});
            }
            // It may have been typed on since.
            if (this.typed[key] === text && text.trim() !== "-") {
                delete this.typed[key];
            }
        }
        if (!Object.keys(this.typed).length) {
            this.props.record.model.bus.trigger("FIELD_IS_DIRTY", false);
        }
    }

    async openWording(rule) {
        const action = await this.orm.call(
            "customer.contact.rule",
            "action_open_wording",
            [[rule.resId]]
        );
        return this.action.doAction(action);
    }
}

registry.category("fields").add("contact_rules", {
    component: ContactRulesField,
    displayName: _t("Follow-up intervals"),
    supportedTypes: ["one2many"],
    useSubView: true,
    extractProps: () => ({}),
});
