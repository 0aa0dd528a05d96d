import { defineCommand } from "../../command.ts";
import { LIST_OPTIONS, type ListOptions, showList } from "../../show.ts";

export const deviceList = defineCommand<[], ListOptions>({
  name: "list",
  summary: "List devices.",
  options: LIST_OPTIONS,
  examples: ["hansa device list", "hansa device list --limit 20 --full"],
  run: (shell, { limit }) =>
    showList(
      shell,
      "devices.list",
      {},
      limit,
      ["device", "model", "status", "until", "operator", "owner"],
      (device) => [
        shell.id(device.device),
        device.model,
        shell.status(device.effective),
        device.admission === null ? "" : shell.seconds(device.admission.until),
        shell.id(device.operator),
        shell.id(device.owner),
      ],
    ),
});
