import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { MODULES } from "../modules/registry.ts";
import { ledgerError } from "./errors.ts";
import type { QueryContext } from "./module.ts";

type QueryRunner = (context: QueryContext, args: never) => unknown;

const RUNNERS = new Map<string, QueryRunner>(
  MODULES.flatMap((module) => Object.entries(module.queries as Record<string, QueryRunner>)),
);
const checks = new Map<string, TypeCheck<TSchema>>();

/** Holds a query's arguments against its schema and runs it. */
export function runQuery(
  schemas: Readonly<Record<string, TSchema>>,
  name: string,
  args: unknown,
  context: QueryContext,
): unknown {
  const run = RUNNERS.get(name);
  const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  if (run === undefined || schema === undefined)
    throw ledgerError("query.unknown", `there is no query ${name}`, { query: name });
  let check = checks.get(name);
  if (check === undefined) {
    check = TypeCompiler.Compile(schema);
    checks.set(name, check);
  }
  if (!check.Check(args)) {
    const first = check.Errors(args).First();
    throw ledgerError("query.arguments", `${name}: ${first?.path ?? ""} ${first?.message ?? "does not fit"}`, {
      path: first?.path ?? "",
      problem: first?.message ?? "",
    });
  }
  const answer = run(context, args as never);
  if (answer === undefined) throw ledgerError("query.not-found", `${name}: there is no such record`, { query: name });
  return answer;
}
