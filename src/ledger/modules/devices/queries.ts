import type { DeviceRecord, DeviceView } from "#protocol";
import { pageOf, type Queries, type QueryContext } from "../../kernel/module.ts";
import type { DevicesNeeds } from "./needs.ts";
import {
  DEVICE_PREFIX,
  effectiveStatus,
  MODEL_PREFIX,
  ROOT_PREFIX,
  type RootRecord,
  readDevice,
  readModel,
} from "./records.ts";

export function deviceQueries(needs: DevicesNeeds): Queries<"devices"> {
  const view = (context: QueryContext, device: DeviceRecord): DeviceView => ({
    ...device,
    effective: effectiveStatus(context.state, device, context.time, needs.isActiveMember),
  });
  return {
    "devices.roots": ({ state }, args) => {
      const page = pageOf<RootRecord>(state, ROOT_PREFIX, args);
      return args.maker === undefined
        ? page
        : { ...page, items: page.items.filter((root) => root.maker === args.maker) };
    },
    "devices.models": ({ state }, args) => pageOf(state, MODEL_PREFIX, args),
    "devices.model": ({ state }, args) => readModel(state, args.model),
    "devices.list": (context, args) => {
      const page = pageOf<DeviceRecord>(context.state, DEVICE_PREFIX, args);
      return { ...page, items: page.items.map((device) => view(context, device)) };
    },
    "devices.get": (context, args) => {
      const device = readDevice(context.state, args.device);
      return device === undefined ? undefined : view(context, device);
    },
  };
}
