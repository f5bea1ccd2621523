import {Component, useRef} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useBus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** The eight settings of one channel: each with what it does, live while it is typed. */
export class ContactRulesField extends Component {
    static template = "customer_contact_360.ContactRulesField";
    static props = {...standardFieldProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.root = useRef("root");
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

    onInput() {
        this.props.record.model.bus.trigger("FIELD_IS_DIRTY", true);
        this.update();
    }

    /** Write what stands in the inputs into the records, where it is another number. */
    async commit() {
        if (!this.root.el) {
            return;
        }
        for (const input of this.root.el.querySelectorAll("input[data-field]")) {
            const rule = this.rules.find((r) => r.id === input.dataset.rule);
            const value = Number.parseInt(input.value || "0", 10);
            const {field} = input.dataset;
            if (rule && !Number.isNaN(value) && rule.data[field] !== value) {
                await rule.update({[field]: value});
            }
        }
        this.props.record.model.bus.trigger("FIELD_IS_DIRTY", false);
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
