import {Component, onWillStart, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatCurrency} from "@web/core/currency";
import {formatInteger, formatPercentage} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;
const MODEL = "customer.contact.statistics";

/**
 * What the follow-up messages of the location brought, for a manager who has ten
 * seconds: four figures, then a row for each message.
 */
export class ContactDashboard extends Component {
    static template = "customer_contact_360.Dashboard";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({days: 90, board: null});
        this.periods = [
            {days: 30, label: _t("30 days")},
            {days: 90, label: _t("90 days")},
            {days: 365, label: _t("1 year")},
            {days: 0, label: _t("All")},
        ];
        // The label of each figure, in the order of the explanation below the table.
        this.figures = [
            ["planned", _t("Planned")],
            ["sent", _t("Sent")],
            ["delivered", _t("Delivered")],
            ["bounced", _t("Bounced")],
            ["unsubscribed", _t("Unsubscribed")],
            ["clicked", _t("Clicked")],
            ["came_back", _t("Came back")],
            ["visits", _t("Visits")],
            ["revenue", _t("Revenue")],
        ];
        onWillStart(() => this.load(this.state.days));
    }

    async load(days) {
        const board = await this.orm.call(MODEL, "get_dashboard", [days]);
        Object.assign(this.state, {days, board});
    }

    get board() {
        return this.state.board;
    }

    get isEmpty() {
        return !this.board.total.planned && !this.board.compared.due;
    }

    number(value) {
        return formatInteger(value);
    }

    money(value) {
        return formatCurrency(value, this.board.currency_id, {digits: [16, 0]});
    }

    rate(figures) {
        return figures.return_rate === null
            ? "–"
            : formatPercentage(figures.return_rate, {digits: [16, 0]});
    }

    /** How wide the bar of a rate is, in percent. */
    width(figures) {
        return Math.round((figures.return_rate || 0) * 100);
    }

    share(part, whole) {
        return whole ? formatPercentage(part / whole, {digits: [16, 1]}) : "–";
    }

    /** Open the messages behind a figure: all of them, or those of one kind. */
    openMessages(kind) {
        const domain = [];
        if (this.state.days) {
            const since = DateTime.utc().minus({days: this.state.days});
            domain.push(["date", ">=", since.toFormat("yyyy-MM-dd HH:mm:ss")]);
        }
        if (kind) {
            domain.push(["kind", "=", kind]);
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Messages and Results"),
            res_model: MODEL,
            views: [
                [false, "list"],
                [false, "graph"],
                [false, "pivot"],
            ],
            domain,
        });
    }

    openSetup() {
        return this.action.doAction(
            "customer_contact_360.customer_contact_setup_action_open"
        );
    }
}

registry.category("actions").add("customer_contact_360.dashboard", ContactDashboard);
