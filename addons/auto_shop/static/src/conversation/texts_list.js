import {onWillUnmount} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";

/** Load the list of texts again when somebody writes or reads one. */
function useTextsRefresh(getModel) {
    const bus = useService("bus_service");
    const refresh = useDebounced(() => getModel().load(), 300);
    bus.subscribe("auto_shop.text", refresh);
    bus.start();
    onWillUnmount(() => bus.unsubscribe("auto_shop.text", refresh));
}

export class TextsListController extends listView.Controller {
    setup() {
        super.setup();
        useTextsRefresh(() => this.model);
    }
}

export class TextsKanbanController extends kanbanView.Controller {
    setup() {
        super.setup();
        useTextsRefresh(() => this.model);
    }
}

registry.category("views").add("customer_texts_list", {
    ...listView,
    Controller: TextsListController,
});
registry.category("views").add("customer_texts_kanban", {
    ...kanbanView,
    Controller: TextsKanbanController,
});
