import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { transactionError } from "../errors.ts";
import type { Operation } from "../transaction.ts";
import { OPERATIONS, type OperationName } from "./index.ts";

const compiled = new Map<string, TypeCheck<TSchema>>();

/**
 * Holds an operation against its schema.
 *
 * @throws HansaError `transaction.unknown-operation`, `transaction.operation-arguments`
 */
export function checkOperation(operation: Operation, index: number): void {
  let check = compiled.get(operation.op);
  if (check === undefined) {
    if (!Object.hasOwn(OPERATIONS, operation.op))
      throw transactionError("transaction.unknown-operation", `there is no operation ${operation.op}`, {
        op: operation.op,
        index,
      });
    check = TypeCompiler.Compile(OPERATIONS[operation.op as OperationName] as TSchema);
    compiled.set(operation.op, check);
  }
  if (check.Check(operation.args)) return;
  const first = check.Errors(operation.args).First();
  throw transactionError(
    "transaction.operation-arguments",
    `${operation.op}: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`,
    {
      op: operation.op,
      index,
      path: first?.path ?? "",
      problem: first?.message ?? "does not fit its schema",
    },
  );
}
