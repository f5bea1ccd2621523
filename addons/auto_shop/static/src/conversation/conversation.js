import {
    Component,
    onMounted,
    onWillStart,
    onWillUnmount,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {deserializeDateTime} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {KeepLast} from "@web/core/utils/concurrency";
import {useBus, useService} from "@web/core/utils/hooks";
import {uuid} from "@web/core/utils/strings";
import {useDebounced} from "@web/core/utils/timing";
import {Layout} from "@web/search/layout";
import {FormViewDialog} from "@web/views/view_dialogs/form_view_dialog";
import {SelectCreateDialog} from "@web/views/view_dialogs/select_create_dialog";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";

const {DateTime} = luxon;

const STATE_ICONS = {
    planned: "fa-clock-o",
    queued: "fa-clock-o",
    sending: "fa-paper-plane-o",
    sent: "fa-check",
    delivered: "fa-check-circle",
    failed: "fa-exclamation-triangle",
    unknown: "fa-question-circle",
    cancelled: "fa-ban",
};
const ON_ITS_WAY = ["queued", "sending", "sent"];
// Reports of the provider come within seconds or not at all.
const WATCH_MINUTES = 10;
const POLL_MS = 4000;
const POLL_SLOWER = 1.5;

export class Conversation extends Component {
    static template = "auto_shop.Conversation";
    static components = {Layout};
    static props = {...standardActionServiceProps, "*": true};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.bus = useService("bus_service");
        this.ui = useService("ui");
        this.keepLast = new KeepLast();
        this.scrollRef = useRef("scroll");
        this.inputRef = useRef("input");
        this.state = useState({
            thread: null,
            texts: [],
            hasMore: false,
            draft: "",
            count: null,
            isSending: false,
            isCustomer: false,
            isLoadingEarlier: false,
            hasNewBelow: false,
        });
        this.isAtEnd = true;
        this.pollDelay = POLL_MS;
        this.count = useDebounced(() => this.updateCount(), 200);

        onWillStart(() => this.start());
        onMounted(() => this.rememberInAddress());

        this.onBusText = (payload) => {
            const {thread} = this.state;
            if (thread.partner_id) {
                if (payload.partner_id === thread.partner_id) {
                    this.refresh();
                }
            } else if (payload.number === thread.number && !this.isAssigning) {
                // A colleague may have found out whose number it is.
                payload.partner_id ? this.openFor(payload) : this.refresh();
            }
        };
        this.bus.subscribe("auto_shop.text", this.onBusText);
        this.bus.start();
        useBus(this.bus, "BUS:RECONNECT", () => this.refresh());
        this.onVisible = () => {
            if (!document.hidden && !this.isAssigning) {
                this.refresh();
            }
        };
        document.addEventListener("visibilitychange", this.onVisible);
        onWillUnmount(() => {
            this.bus.unsubscribe("auto_shop.text", this.onBusText);
            document.removeEventListener("visibilitychange", this.onVisible);
            browser.clearTimeout(this.pollTimer);
        });
        useEffect(
            () => {
                this.focusInput();
                this.resizeInput();
                this.scrollToEnd();
            },
            () => [this.state.thread.id]
        );
    }

    // === LOADING ===

    async start() {
        const {context, params = {}} = this.props.action;
        const threadId = params.thread_id || this.props.resId;
        const partnerId = context.text_partner_id || params.partner_id;
        if (partnerId) {
            const companyId = context.text_company_id || params.company_id || null;
            await this.openFor({partner_id: partnerId, company_id: companyId});
        } else {
            await this.open(threadId);
        }
    }

    async openFor({partner_id, company_id}) {
        const opened = await this.orm.call("customer.text.thread", "action_open_for", [
            partner_id,
            company_id,
        ]);
        await this.open(opened.params.thread_id);
    }

    async open(threadId) {
        const data = await this.fetch(threadId);
        this.apply(data);
        this.state.draft = browser.sessionStorage.getItem(this.draftKey) || "";
        this.updateCount();
        if (!this.env.inDialog) {
            this.env.config.setDisplayName(data.thread.title);
        }
        this.markRead();
        this.watch();
    }

    /** So that a reload, or the address given to a colleague, opens it again. */
    rememberInAddress() {
        this.props.updateActionState?.({resId: this.state.thread.id});
    }

    fetch(threadId, beforeId = null) {
        return this.orm.call("customer.text.thread", "get_conversation", [
            [threadId],
            beforeId,
        ]);
    }

    apply({thread, texts, has_more}) {
        this.state.thread = thread;
        this.state.texts = texts;
        this.state.hasMore = has_more;
    }

    /** Look again at the newest page; what has been loaded before it stays. */
    async refresh() {
        const threadId = this.state.thread.id;
        const data = await this.keepLast.add(this.fetch(threadId));
        if (threadId !== this.state.thread.id) {
            return;
        }
        const known = this.state.texts;
        const oldest = data.texts[0]?.id;
        const overlap = known.findIndex((text) => text.id === oldest);
        const lastKnown = known.at(-1)?.id;
        const hasNew = data.texts.length && data.texts.at(-1).id !== lastKnown;
        if (overlap > 0) {
            // A text that was sent again has moved to the end.
            const newest = new Set(data.texts.map((text) => text.id));
            const earlier = known
                .slice(0, overlap)
                .filter((text) => !newest.has(text.id));
            data.texts = [...earlier, ...data.texts];
            data.has_more = this.state.hasMore;
        }
        const stay = !this.isAtEnd;
        this.apply(data);
        this.markRead();
        this.watch();
        if (stay && hasNew) {
            this.state.hasNewBelow = true;
        } else if (!stay) {
            this.scrollToEnd();
        }
    }

    async loadEarlier() {
        this.state.isLoadingEarlier = true;
        try {
            const data = await this.fetch(this.state.thread.id, this.state.texts[0].id);
            const el = this.scrollRef.el;
            const fromEnd = el.scrollHeight - el.scrollTop;
            this.state.texts = [...data.texts, ...this.state.texts];
            this.state.hasMore = data.has_more;
            // Keep what was being read in its place.
            browser.requestAnimationFrame(() => {
                el.scrollTop = el.scrollHeight - fromEnd;
            });
        } finally {
            this.state.isLoadingEarlier = false;
        }
    }

    /** Ask again while a text of the last minutes is still on its way. */
    watch() {
        browser.clearTimeout(this.pollTimer);
        const now = DateTime.now();
        const since = now.minus({minutes: WATCH_MINUTES});
        const waiting = this.state.texts.some((text) => {
            const date = deserializeDateTime(text.date);
            return (
                date > since &&
                ((text.state === "planned" && date <= now) ||
                    (text.direction === "out" && ON_ITS_WAY.includes(text.state)))
            );
        });
        if (!waiting || document.hidden) {
            this.pollDelay = POLL_MS;
            return;
        }
        this.pollTimer = browser.setTimeout(() => {
            this.pollDelay = Math.min(this.pollDelay * POLL_SLOWER, 60000);
            this.refresh();
        }, this.pollDelay);
    }

    markRead() {
        const {thread} = this.state;
        if (thread.unread_count && !document.hidden) {
            thread.unread_count = 0;
            this.orm.call("customer.text.thread", "mark_read", [[thread.id]]);
        }
    }

    // === WHAT IS SHOWN ===

    /** The texts with a separator before the first of each day. */
    get rows() {
        const rows = [];
        let lastDay = null;
        for (const text of this.state.texts) {
            const date = deserializeDateTime(text.date);
            const day = date.toISODate();
            if (day !== lastDay) {
                rows.push({key: `day-${day}-${text.id}`, day: this.formatDay(date)});
                lastDay = day;
            }
            rows.push({
                key: `text-${text.id}`,
                text,
                time: date.toLocaleString(DateTime.TIME_SIMPLE),
                icon: STATE_ICONS[text.state],
                isOut: text.direction === "out",
                isOpen: ["failed", "unknown", "cancelled"].includes(text.state),
                isLate: text.state === "planned" && date > DateTime.now(),
                author:
                    text.author ||
                    (text.purpose ? _t("Automatic: %s", text.purpose) : ""),
            });
        }
        return rows;
    }

    formatDay(date) {
        const today = DateTime.now().startOf("day");
        const days = today.diff(date.startOf("day"), "days").days;
        if (days === 0) {
            return _t("Today");
        }
        if (days === 1) {
            return _t("Yesterday");
        }
        const format = {weekday: "long", day: "numeric", month: "long"};
        return date.toLocaleString(
            date.year === today.year ? format : {...format, year: "numeric"}
        );
    }

    get isUnknownNumber() {
        return !this.state.thread.partner_id;
    }

    /** Whether nothing can be written: the customer may always write, in the sandbox. */
    get isBlocked() {
        return Boolean(this.state.thread.block_reason) && !this.isCustomer;
    }

    get isCustomer() {
        return this.state.thread.is_sandbox && this.state.isCustomer;
    }

    get placeholder() {
        if (this.isCustomer) {
            return _t("What the customer texts: C, R, STOP, START or anything else");
        }
        return this.isBlocked ? "" : _t("Write a text");
    }

    get isTooLong() {
        return this.state.draft.trim().length > this.state.thread.max_characters;
    }

    get canSend() {
        return (
            !this.isBlocked &&
            !this.state.isSending &&
            !this.isTooLong &&
            Boolean(this.state.draft.trim())
        );
    }

    get counterText() {
        const {count} = this.state;
        if (this.isTooLong) {
            return _t("Too long: %(count)s of %(limit)s characters", {
                count: this.state.draft.trim().length,
                limit: this.state.thread.max_characters,
            });
        }
        if (!count || !count.segments) {
            return "";
        }
        return count.segments === 1
            ? _t("%s characters, 1 text", count.characters)
            : _t("%(characters)s characters, charged as %(segments)s texts", count);
    }

    // === WRITING ===

    get draftKey() {
        return `auto_shop.draft.${user.userId}.${this.state.thread.id}`;
    }

    onInput(ev) {
        this.state.draft = ev.target.value;
        // An interrupted clerk finds his words again.
        browser.sessionStorage.setItem(this.draftKey, this.state.draft);
        this.resizeInput();
        this.count();
    }

    onKeydown(ev) {
        if (ev.key === "Enter" && !ev.shiftKey && !ev.isComposing) {
            ev.preventDefault();
            this.send();
        }
    }

    async updateCount() {
        const body = this.state.draft.trim();
        this.state.count = body
            ? await this.orm.silent.call("customer.text.thread", "count_text", [body])
            : null;
    }

    async send() {
        if (!this.canSend) {
            return;
        }
        const body = this.state.draft;
        const isCustomer = this.isCustomer;
        // The same words tried again after a lost answer are the same text.
        if (!this.request || this.request.body !== body) {
            this.request = {body, key: uuid()};
        }
        this.state.isSending = true;
        try {
            await (isCustomer
                ? this.orm.call("customer.text.thread", "play_customer", [
                      [this.state.thread.id],
                      body,
                  ])
                : this.orm.call("customer.text.thread", "send_text", [
                      [this.state.thread.id],
                      body,
                      this.request.key,
                  ]));
            this.request = null;
            this.state.draft = "";
            this.state.count = null;
            browser.sessionStorage.removeItem(this.draftKey);
            this.isAtEnd = true;
            this.pollDelay = POLL_MS / 4;
            await this.refresh();
        } finally {
            this.state.isSending = false;
            this.focusInput(true);
        }
        this.resizeInput();
    }

    sendAgain(text) {
        const again = async () => {
            await this.orm.call("customer.interaction", "action_send_again", [
                [text.id],
            ]);
            this.pollDelay = POLL_MS / 4;
            await this.refresh();
        };
        if (text.state !== "unknown") {
            return again();
        }
        this.dialog.add(ConfirmationDialog, {
            title: _t("Send this text again?"),
            body: _t(
                "Nobody knows whether it went out. If it did, the customer gets it twice."
            ),
            confirmLabel: _t("Send Again"),
            confirm: again,
            cancel: () => {},
        });
    }

    async markSent(text) {
        await this.orm.call("customer.interaction", "action_mark_sent", [[text.id]]);
        await this.refresh();
    }

    // === OTHER SCREENS ===

    openCustomer() {
        return this.openRecord("res.partner", this.state.thread.partner_id);
    }

    openVehicle(vehicle) {
        return this.openRecord("customer.vehicle", vehicle.id);
    }

    openRecord(resModel, resId) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: resModel,
            res_id: resId,
            views: [[false, "form"]],
        });
    }

    openOrders() {
        const {partner_id, title} = this.state.thread;
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Work orders of %s", title),
            res_model: "sale.order",
            views: [
                [false, "list"],
                [false, "form"],
            ],
            domain: [["partner_id", "child_of", partner_id]],
            context: {default_partner_id: partner_id},
        });
    }

    async markUnread() {
        const {thread} = this.state;
        await this.orm.call("customer.text.thread", "action_mark_unread", [
            [thread.id],
        ]);
        this.notification.add(_t("Kept as unread in the Texts list."), {type: "info"});
        if (!this.env.inDialog) {
            await this.action.restore().catch(() => {});
        }
    }

    // === UNKNOWN NUMBER ===

    chooseCustomer() {
        this.dialog.add(SelectCreateDialog, {
            title: _t("Whose number is %s?", this.state.thread.number_label),
            resModel: "res.partner",
            multiSelect: false,
            noCreate: true,
            onSelected: ([partnerId]) => this.askNumber(partnerId),
        });
    }

    createCustomer() {
        this.dialog.add(FormViewDialog, {
            title: _t("New customer"),
            resModel: "res.partner",
            context: {default_mobile: this.state.thread.number},
            onRecordSaved: (record) => this.assign(record.resId, false),
        });
    }

    async askNumber(partnerId) {
        const [partner] = await this.orm.read(
            "res.partner",
            [partnerId],
            ["display_name", "mobile", "mobile_display"]
        );
        const {number, number_label} = this.state.thread;
        if (!partner.mobile || partner.mobile === number) {
            return this.assign(partnerId, false);
        }
        this.dialog.add(ConfirmationDialog, {
            title: _t("Which number from now on?"),
            body: _t(
                "%(name)s has the mobile number %(old)s. Text to %(new)s from now on?",
                {
                    name: partner.display_name,
                    old: partner.mobile_display,
                    new: number_label,
                }
            ),
            confirmLabel: _t("Use the New Number"),
            confirm: () => this.assign(partnerId, true),
            cancelLabel: _t("Keep the Old Number"),
            cancel: () => this.assign(partnerId, false),
        });
    }

    async assign(partnerId, replaceNumber) {
        this.isAssigning = true;
        try {
            const opened = await this.orm.call(
                "customer.text.thread",
                "action_assign_partner",
                [[this.state.thread.id], partnerId, replaceNumber]
            );
            await this.open(opened.params.thread_id);
            this.rememberInAddress();
        } finally {
            this.isAssigning = false;
        }
    }

    // === SCROLL AND FOCUS ===

    onScroll() {
        const el = this.scrollRef.el;
        this.isAtEnd = el.scrollHeight - el.scrollTop - el.clientHeight < 40;
        if (this.isAtEnd) {
            this.state.hasNewBelow = false;
        }
    }

    scrollToEnd() {
        this.state.hasNewBelow = false;
        browser.requestAnimationFrame(() => {
            const el = this.scrollRef.el;
            if (el) {
                el.scrollTop = el.scrollHeight;
            }
        });
    }

    focusInput(always = false) {
        // On a phone the keyboard would cover the texts that were just opened.
        if (always || !this.ui.isSmall) {
            browser.requestAnimationFrame(() => this.inputRef.el?.focus());
        }
    }

    resizeInput() {
        browser.requestAnimationFrame(() => {
            const el = this.inputRef.el;
            if (el) {
                el.style.height = "auto";
                el.style.height = `${el.scrollHeight + 2}px`;
            }
        });
    }
}

registry.category("actions").add("auto_shop.conversation", Conversation);
