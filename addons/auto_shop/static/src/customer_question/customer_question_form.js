import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {formView} from "@web/views/form/form_view";
import {FormController} from "@web/views/form/form_controller";
import {CalendarFormView} from "@calendar/views/calendar_form/calendar_form_view";
import {useCustomerQuestion} from "./customer_question_service";

import {onMounted, status} from "@odoo/owl";

/**
 * Make a form ask the open question of its record, whose model has
 * `customer.question.mixin`: after the Save button and after the buttons of the form.
 * Automatic saves (leaving, pager, another tab) ask nothing: the server keeps the
 * question.
 *
 * With `customer_question: true` in its context the form also asks when it opens.
 *
 * @param {typeof FormController} Controller
 */
export const withCustomerQuestion = (Controller) =>
    class extends Controller {
        setup() {
            super.setup();
            this.customerQuestion = useCustomerQuestion();
            this.uiService = useService("ui");
            onMounted(() => {
                if (this.props.context.customer_question) {
                    this.askCustomerQuestion();
                }
            });
        }

        async saveButtonClicked() {
            const root = this.model.root;
            const saved = await super.saveButtonClicked(...arguments);
            if (saved !== false) {
                // Not awaited: the buttons of the form are locked until this returns.
                this.askCustomerQuestion(root);
            }
            return saved;
        }

        async beforeExecuteActionButton() {
            this.activeElementBefore = this.uiService.activeElement;
            return super.beforeExecuteActionButton(...arguments);
        }

        async afterExecuteActionButton(clickParams) {
            await super.afterExecuteActionButton(...arguments);
            if (
                clickParams.type === "object" &&
                !clickParams.special &&
                status(this) === "mounted" &&
                // A dialog that the button opened comes first; the banner stays.
                this.uiService.activeElement === this.activeElementBefore
            ) {
                this.askCustomerQuestion();
            }
        }

        async askCustomerQuestion(root = this.model.root) {
            if (!root.resId || !("open_question" in root.fields)) {
                return;
            }
            const answered = await this.customerQuestion.ask(root.resModel, root.resId);
            if (
                answered &&
                status(this) === "mounted" &&
                this.model.root.resId === root.resId &&
                !(await this.model.root.isDirty())
            ) {
                await this.model.load();
            }
        }
    };

registry.category("views").add("customer_question_form", {
    ...formView,
    Controller: withCustomerQuestion(FormController),
});

registry.category("views").add("shop_calendar_form", {
    ...CalendarFormView,
    Controller: withCustomerQuestion(CalendarFormView.Controller),
});
