import type { RunReport } from "#linkage";
import { decodeCommand } from "#protocol";

/** A run as the HTTP API answers it: "why did this happen". */
export function describeCommandRun(run: RunReport) {
  const { firing } = run;
  return {
    linkage: run.linkage,
    time: run.at,
    evidence: { topic: firing.evidence.topic, offset: firing.evidence.offset, digest: firing.evidence.digest },
    ...(firing.value === undefined ? {} : { value: firing.value }),
    ...(run.condition === undefined ? {} : { condition: run.condition }),
    state: run.state,
    steps: run.steps.map((step) => {
      const command = step.command === undefined ? undefined : decodeCommand(step.command).command;
      return {
        step: step.step,
        device: command?.sub ?? null,
        action: command?.action ?? null,
        outcome: step.refused === undefined ? (step.outcome ?? "pending") : "refused",
        ...(step.refused === undefined
          ? step.reason === undefined
            ? {}
            : { reason: step.reason }
          : { reason: step.refused }),
        ...(step.command === undefined ? {} : { command: step.command }),
        ...(step.receipt === undefined ? {} : { receipt: step.receipt }),
      };
    }),
    ...(run.reason === undefined ? {} : { refused: run.reason }),
    ...(run.times === undefined ? {} : { times: run.times }),
  };
}
