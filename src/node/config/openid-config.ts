import { type Static, Type } from "@sinclair/typebox";
import { Closed, Label, List, StatusPurpose } from "#protocol";

const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const Step = Type.Union([Text(128), Type.Integer({ minimum: 0, maximum: 9999 }), Type.Null()]);

/** OpenID4VCI and OpenID4VP of a node: `identity.credentials.openid` of `config.json`. */
export const OpenidConfig = Closed({
  /** Name of the issuer as wallets show it. */
  name: Type.Optional(Label),
  /** What can be offered. */
  configurations: Type.Optional(
    List(
      Closed({
        /** By which offers and wallets name it. */
        name: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" }),
        /** Name of one of `identity.credentials.issuers`. */
        issuer: Type.String({ pattern: "^[a-z0-9][a-z0-9-]{0,63}$" }),
        format: Type.Union([Type.Literal("dc+sd-jwt"), Type.Literal("ldp_vc"), Type.Literal("jwt_vc_json")]),
        /** Of `dc+sd-jwt`: its type. */
        vct: Type.Optional(Text(255)),
        /** Of the others: types beside `VerifiableCredential`, and contexts beside the data model's own. */
        types: Type.Optional(List(Text(128), 1, 16)),
        contexts: Type.Optional(List(Type.Union([Text(1024), Type.Object({}, { additionalProperties: true })]), 0, 16)),
        /** What may be said; where left out, anything that fits the format. */
        claims: Type.Optional(
          List(
            Closed({
              path: List(Step, 1, 8),
              name: Type.Optional(Label),
              mandatory: Type.Optional(Type.Boolean()),
              /** Of `dc+sd-jwt`: false where it is always shown. */
              disclosable: Type.Optional(Type.Boolean()),
            }),
            1,
            128,
          ),
        ),
        /** Of `dc+sd-jwt`: digests of nothing in each place that hides something. */
        decoys: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
        /** How long what is issued is valid. */
        seconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 3_155_760_000 })),
        /** Places in status lists; those of the issuer where left out. */
        status: Type.Optional(List(StatusPurpose, 0, 2)),
        /** How wallets show it. */
        label: Type.Optional(Label),
      }),
      1,
      64,
    ),
  ),
  /** In whose name presentations are asked for; without it, none are. */
  verifier: Type.Optional(
    Closed({
      did: Type.Union([Type.Literal("did:hansa"), Type.Literal("did:key")]),
      key: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9._:#/-]{1,128}$" })),
    }),
  ),
});
export type OpenidConfig = Static<typeof OpenidConfig>;
export type ConfigurationConfig = NonNullable<OpenidConfig["configurations"]>[number];
