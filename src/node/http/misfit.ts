import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";

const checks = new WeakMap<TSchema, TypeCheck<TSchema>>();

/** The first thing of a body's value that does not fit its schema, which is compiled when it is first asked for: few nodes serve every route. */
export function misfitOf(
  schema: TSchema,
  value: unknown,
): { readonly path: string; readonly problem: string } | undefined {
  let check = checks.get(schema);
  if (check === undefined) {
    check = TypeCompiler.Compile(schema);
    checks.set(schema, check);
  }
  if (check.Check(value)) return undefined;
  const first = check.Errors(value).First();
  return { path: first?.path || "/", problem: first?.message ?? "does not fit" };
}
