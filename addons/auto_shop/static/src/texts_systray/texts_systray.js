import {Component, onWillUnmount, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useBus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";

const MAX_SHOWN = 99;

/** How many conversations wait for an answer; a click opens the list. */
export class TextsSystray extends Component {
    static template = "auto_shop.TextsSystray";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.bus = useService("bus_service");
        this.state = useState({isStaff: false, count: 0});
        const update = useDebounced(() => this.update(), 500);
        this.bus.subscribe("auto_shop.text", update);
        this.bus.start();
        useBus(this.bus, "BUS:RECONNECT", update);
        onWillUnmount(() => this.bus.unsubscribe("auto_shop.text", update));
        // Not awaited: the page does not wait for a counter.
        this.update();
    }

    async update() {
        this.state.isStaff = await user.hasGroup("auto_shop.group_user");
        if (this.state.isStaff) {
            this.state.count = await this.orm.silent.call(
                "customer.text.thread",
                "get_unread_count",
                []
            );
        }
    }

    get label() {
        return this.state.count > MAX_SHOWN ? `${MAX_SHOWN}+` : `${this.state.count}`;
    }

    openTexts() {
        return this.action.doAction("auto_shop.customer_text_thread_action", {
            clearBreadcrumbs: true,
        });
    }
}

registry
    .category("systray")
    .add("auto_shop.texts", {Component: TextsSystray}, {sequence: 26});
