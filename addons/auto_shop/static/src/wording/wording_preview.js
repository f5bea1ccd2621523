import {Component, onWillStart, reactive, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {RecordSelector} from "@web/core/record_selectors/record_selector";
import {registry} from "@web/core/registry";
import {KeepLast} from "@web/core/utils/concurrency";
import {useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const FIELDS = {
    sms: {subject: null, body: "sms_body"},
    email: {subject: "email_subject", body: "email_body"},
    post: {subject: "post_title", body: "post_body"},
};

// What a person has chosen stays chosen from one purpose, and one tab, to the next.
const choice = reactive({isChosen: false, partnerId: false, eventId: false, lang: ""});

/** What the customer would get, and the merge fields, beside the editor. */
export class WordingPreview extends Component {
    static template = "auto_shop.WordingPreview";
    static components = {RecordSelector};
    static props = {...standardWidgetProps, channel: String};

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.keepLast = new KeepLast();
        this.choice = useState(choice);
        this.state = useState({help: null, preview: null});
        this.update = useDebounced(() => this.fetch(), 250);
        onWillStart(async () => {
            this.state.help = await this.orm.call(
                "customer.interaction.purpose",
                "get_wording_help",
                [this.resIds]
            );
            if (!choice.isChosen) {
                Object.assign(choice, {
                    partnerId: this.state.help.partner_id || false,
                    eventId: this.state.help.event_id || false,
                });
            }
            await this.fetch();
        });
        useRecordObserver((record) => {
            const {subject, body} = FIELDS[this.props.channel];
            // Read here, so that a change of them is observed.
            this.wording = {
                subject: subject ? record.data[subject] || "" : "",
                body: `${record.data[body] || ""}`,
            };
            if (this.state.preview) {
                this.update();
            }
        });
    }

    get eventDomain() {
        const {partnerId} = this.choice;
        const domain = [["shop_state", "!=", false]];
        return partnerId ? [...domain, ["customer_id", "=", partnerId]] : domain;
    }

    get segmentsText() {
        const {segments, characters} = this.state.preview;
        return segments === 1
            ? _t("%s characters, 1 text", characters)
            : _t("%(characters)s characters, charged as %(segments)s texts", {
                  characters,
                  segments,
              });
    }

    get resIds() {
        const {resId} = this.props.record;
        return resId ? [resId] : [];
    }

    async fetch() {
        this.state.preview = await this.keepLast.add(
            this.orm.silent.call("customer.interaction.purpose", "preview_wording", [
                this.resIds,
                this.props.channel,
                this.wording,
                choice.partnerId,
                choice.eventId,
                choice.lang || false,
            ])
        );
    }

    choosePartner(partnerId) {
        Object.assign(this.choice, {isChosen: true, partnerId, eventId: false});
        return this.fetch();
    }

    chooseEvent(eventId) {
        Object.assign(this.choice, {isChosen: true, eventId});
        return this.fetch();
    }

    chooseLang(ev) {
        this.choice.lang = ev.target.value;
        return this.fetch();
    }

    async insert(name) {
        const field = `{{ ${name} }}`;
        const {activeElement} = document;
        const isEditor =
            activeElement?.isContentEditable ||
            ["TEXTAREA", "INPUT"].includes(activeElement?.tagName);
        if (isEditor && activeElement.closest(".o_wording_editor")) {
            // The only way that editors, inputs and their undo all understand.
            document.execCommand("insertText", false, field);
            return;
        }
        await browser.navigator.clipboard.writeText(field);
        this.notification.add(_t("Copied %s. Paste it where it belongs.", field), {
            type: "info",
        });
    }
}

registry.category("view_widgets").add("wording_preview", {
    component: WordingPreview,
    extractProps: ({attrs}) => ({channel: attrs.channel}),
    additionalClasses: ["w-100"],
});
