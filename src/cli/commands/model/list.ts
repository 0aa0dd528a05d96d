import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const modelList = defineCommand<[], ListOptions>({
  name: "list",
  summary: "List models with their certified firmware.",
  options: LIST_OPTIONS,
  examples: ["hansa model list"],
  run: (shell, { limit }) =>
    showList(shell, "devices.models", {}, limit, ["model", "name", "status", "firmware", "maker"], (model) => [
      model.model,
      shell.value(model.name),
      model.recall === null ? "ok" : shell.status("recalled"),
      model.firmware
        .map(({ version }) => {
          const verdicts = model.certifications.filter(({ firmware }) => firmware === version);
          return `${version} (${verdicts.map(({ status }) => status).join(", ") || "uncertified"})`;
        })
        .join(", "),
      shell.id(model.maker),
    ]),
});
