import {registry} from "@web/core/registry";
import {AccountMoveFormView} from "@account/components/account_move_form/account_move_form";
import {withCustomerQuestion} from "@auto_shop/customer_question/customer_question_form";

registry.category("views").add("shop_account_move_form", {
    ...AccountMoveFormView,
    Controller: withCustomerQuestion(AccountMoveFormView.Controller),
});
