import type { CommandGroup, CommandSpec } from "./command.ts";
import { certCheck } from "./commands/cert/check.ts";
import { certInit } from "./commands/cert/init.ts";
import { certIssue } from "./commands/cert/issue.ts";
import { certList } from "./commands/cert/list.ts";
import { certRevoke } from "./commands/cert/revoke.ts";
import { certRollover } from "./commands/cert/rollover.ts";
import { certRotate } from "./commands/cert/rotate.ts";
import { credentialAsk } from "./commands/credential/ask.ts";
import { credentialDerive } from "./commands/credential/derive.ts";
import { credentialIssue } from "./commands/credential/issue.ts";
import { credentialOffer } from "./commands/credential/offer.ts";
import { credentialPresent } from "./commands/credential/present.ts";
import { credentialRevoke } from "./commands/credential/revoke.ts";
import { credentialStatus } from "./commands/credential/status.ts";
import { credentialVerify } from "./commands/credential/verify.ts";
import { demo } from "./commands/demo.ts";
import { deviceAdmit } from "./commands/device/admit.ts";
import { deviceAttest } from "./commands/device/attest.ts";
import { deviceCertificate } from "./commands/device/certificate.ts";
import { deviceChallenge } from "./commands/device/challenge.ts";
import { deviceCredential } from "./commands/device/credential.ts";
import { deviceEnrol } from "./commands/device/enrol.ts";
import { deviceLiftRecall } from "./commands/device/lift-recall.ts";
import { deviceList } from "./commands/device/list.ts";
import { deviceQuarantine } from "./commands/device/quarantine.ts";
import { deviceRecall } from "./commands/device/recall.ts";
import { deviceRelease } from "./commands/device/release.ts";
import { deviceRevoke } from "./commands/device/revoke.ts";
import { deviceRootAdd } from "./commands/device/root-add.ts";
import { deviceRootList } from "./commands/device/root-list.ts";
import { deviceRootRemove } from "./commands/device/root-remove.ts";
import { deviceShow } from "./commands/device/show.ts";
import { deviceTransfer } from "./commands/device/transfer.ts";
import { devnet } from "./commands/devnet.ts";
import { didAddKey } from "./commands/did/add-key.ts";
import { didCreate } from "./commands/did/create.ts";
import { didDeactivate } from "./commands/did/deactivate.ts";
import { didHistory } from "./commands/did/history.ts";
import { didRemoveKey } from "./commands/did/remove-key.ts";
import { didRemoveService } from "./commands/did/remove-service.ts";
import { didResolve } from "./commands/did/resolve.ts";
import { didRotateKey } from "./commands/did/rotate-key.ts";
import { didSetControllers } from "./commands/did/set-controllers.ts";
import { didSetService } from "./commands/did/set-service.ts";
import { didShow } from "./commands/did/show.ts";
import { engineInstall } from "./commands/engine/install.ts";
import { engineStatus } from "./commands/engine/status.ts";
import { errors } from "./commands/errors.ts";
import { evidenceAnchor } from "./commands/evidence/anchor.ts";
import { evidenceProve } from "./commands/evidence/prove.ts";
import { evidenceRevoke } from "./commands/evidence/revoke.ts";
import { evidenceShow } from "./commands/evidence/show.ts";
import { evidenceSign } from "./commands/evidence/sign.ts";
import { evidenceUnrevoke } from "./commands/evidence/unrevoke.ts";
import { evidenceVerify } from "./commands/evidence/verify.ts";
import { exchangeDatasetErase } from "./commands/exchange/dataset-erase.ts";
import { exchangeDatasetList } from "./commands/exchange/dataset-list.ts";
import { exchangeDatasetPut } from "./commands/exchange/dataset-put.ts";
import { exchangeReceipt } from "./commands/exchange/receipt.ts";
import { exchangeReceipts } from "./commands/exchange/receipts.ts";
import { exchangeRequest } from "./commands/exchange/request.ts";
import { exchangeSubscribe } from "./commands/exchange/subscribe.ts";
import { grantDelegate } from "./commands/grant/delegate.ts";
import { grantGive } from "./commands/grant/give.ts";
import { grantList } from "./commands/grant/list.ts";
import { grantReceipt } from "./commands/grant/receipt.ts";
import { grantRevoke } from "./commands/grant/revoke.ts";
import { grantShow } from "./commands/grant/show.ts";
import { groupCombine } from "./commands/group/combine.ts";
import { groupCreate } from "./commands/group/create.ts";
import { groupInherit } from "./commands/group/inherit.ts";
import { groupJoin } from "./commands/group/join.ts";
import { groupLeave } from "./commands/group/leave.ts";
import { groupList } from "./commands/group/list.ts";
import { groupRequest } from "./commands/group/request.ts";
import { groupShow } from "./commands/group/show.ts";
import { groupSign } from "./commands/group/sign.ts";
import { init } from "./commands/init.ts";
import { issuerDerecognise } from "./commands/issuer/derecognise.ts";
import { issuerList } from "./commands/issuer/list.ts";
import { issuerRecognise } from "./commands/issuer/recognise.ts";
import { issuerShow } from "./commands/issuer/show.ts";
import { keyCreate } from "./commands/key/create.ts";
import { keyExportPublic } from "./commands/key/export-public.ts";
import { keyList } from "./commands/key/list.ts";
import { ledgerBackup } from "./commands/ledger/backup.ts";
import { ledgerBlocks } from "./commands/ledger/blocks.ts";
import { ledgerProof } from "./commands/ledger/proof.ts";
import { ledgerRecord } from "./commands/ledger/record.ts";
import { ledgerReplay } from "./commands/ledger/replay.ts";
import { ledgerRestore } from "./commands/ledger/restore.ts";
import { ledgerTransaction } from "./commands/ledger/transaction.ts";
import { linkageAccept } from "./commands/linkage/accept.ts";
import { linkageActivate } from "./commands/linkage/activate.ts";
import { linkageCheck } from "./commands/linkage/check.ts";
import { linkageEnd } from "./commands/linkage/end.ts";
import { linkageList } from "./commands/linkage/list.ts";
import { linkagePropose } from "./commands/linkage/propose.ts";
import { linkageShow } from "./commands/linkage/show.ts";
import { linkageSuspend } from "./commands/linkage/suspend.ts";
import { linkageWhy } from "./commands/linkage/why.ts";
import { linkageWithdraw } from "./commands/linkage/withdraw.ts";
import { memberApprove } from "./commands/member/approve.ts";
import { memberList } from "./commands/member/list.ts";
import { memberProposals } from "./commands/member/proposals.ts";
import { memberPropose } from "./commands/member/propose.ts";
import { memberReject } from "./commands/member/reject.ts";
import { memberShow } from "./commands/member/show.ts";
import { memberWithdraw } from "./commands/member/withdraw.ts";
import { modelCertify } from "./commands/model/certify.ts";
import { modelDefine } from "./commands/model/define.ts";
import { modelFirmware } from "./commands/model/firmware.ts";
import { modelList } from "./commands/model/list.ts";
import { modelShow } from "./commands/model/show.ts";
import { nodeList } from "./commands/node/list.ts";
import { nodeReady } from "./commands/node/ready.ts";
import { nodeRegister } from "./commands/node/register.ts";
import { nodeRetire } from "./commands/node/retire.ts";
import { nodeShow } from "./commands/node/show.ts";
import { nodeUpdate } from "./commands/node/update.ts";
import { schemaList } from "./commands/schema/list.ts";
import { schemaRegister } from "./commands/schema/register.ts";
import { schemaShow } from "./commands/schema/show.ts";
import { sign } from "./commands/sign.ts";
import { status } from "./commands/status.ts";
import { statusListList } from "./commands/status-list/list.ts";
import { statusListPublish } from "./commands/status-list/publish.ts";
import { statusListShow } from "./commands/status-list/show.ts";
import { submit } from "./commands/submit.ts";
import { topicChange } from "./commands/topic/change.ts";
import { topicClose } from "./commands/topic/close.ts";
import { topicFollow } from "./commands/topic/follow.ts";
import { topicList } from "./commands/topic/list.ts";
import { topicOpen } from "./commands/topic/open.ts";
import { topicProof } from "./commands/topic/proof.ts";
import { topicPublish } from "./commands/topic/publish.ts";
import { topicRead } from "./commands/topic/read.ts";
import { topicShow } from "./commands/topic/show.ts";
import { topicToken } from "./commands/topic/token.ts";
import { trail } from "./commands/trail.ts";
import { up } from "./commands/up.ts";
import { verify } from "./commands/verify.ts";
import { walletAccept } from "./commands/wallet/accept.ts";
import { walletAnswer } from "./commands/wallet/answer.ts";
import { walletBackup } from "./commands/wallet/backup.ts";
import { walletFind } from "./commands/wallet/find.ts";
import { walletInit } from "./commands/wallet/init.ts";
import { walletKeys } from "./commands/wallet/keys.ts";
import { walletList } from "./commands/wallet/list.ts";
import { walletPresent } from "./commands/wallet/present.ts";
import { walletReceive } from "./commands/wallet/receive.ts";
import { walletRemove } from "./commands/wallet/remove.ts";
import { walletRestore } from "./commands/wallet/restore.ts";
import { walletShow } from "./commands/wallet/show.ts";
import { walletShown } from "./commands/wallet/shown.ts";

/** Every command, in the order of `hansa --help`. */
export const COMMANDS: readonly (CommandSpec | CommandGroup)[] = [
  init,
  up,
  demo,
  devnet,
  status,
  {
    name: "group",
    summary: "Groups of this home: found one with other members, join, leave.",
    commands: [
      groupRequest,
      groupCreate,
      groupShow,
      groupSign,
      groupCombine,
      groupJoin,
      groupLeave,
      groupList,
      groupInherit,
    ],
  },
  {
    name: "member",
    summary: "Members of the group, their roles and votes.",
    commands: [memberList, memberShow, memberPropose, memberApprove, memberReject, memberWithdraw, memberProposals],
  },
  {
    name: "node",
    summary: "Nodes of the members: where peers reach them, and which of them vote in consensus.",
    commands: [nodeList, nodeShow, nodeRegister, nodeUpdate, nodeReady, nodeRetire],
  },
  {
    name: "did",
    summary: "Decentralised identifiers: keys, services, controllers.",
    commands: [
      didCreate,
      didShow,
      didResolve,
      didAddKey,
      didRemoveKey,
      didRotateKey,
      didSetService,
      didRemoveService,
      didSetControllers,
      didDeactivate,
      didHistory,
    ],
  },
  {
    name: "device",
    summary: "Devices: certificates, admission, ownership, quarantine, recall.",
    commands: [
      { name: "root", summary: "Root keys of makers.", commands: [deviceRootAdd, deviceRootRemove, deviceRootList] },
      deviceEnrol,
      deviceChallenge,
      deviceAdmit,
      deviceAttest,
      deviceCertificate,
      deviceCredential,
      deviceQuarantine,
      deviceRelease,
      deviceRevoke,
      deviceTransfer,
      deviceRecall,
      deviceLiftRecall,
      deviceList,
      deviceShow,
    ],
  },
  {
    name: "model",
    summary: "Device models, their firmware and certifications.",
    commands: [modelDefine, modelFirmware, modelCertify, modelList, modelShow],
  },
  {
    name: "credential",
    summary: "Credentials and presentations: issue, verify, derive, present, revoke.",
    commands: [
      credentialIssue,
      credentialVerify,
      credentialDerive,
      credentialPresent,
      credentialRevoke,
      credentialStatus,
      credentialOffer,
      credentialAsk,
    ],
  },
  {
    name: "issuer",
    summary: "Issuers of credentials, recognised by the members' votes.",
    commands: [issuerRecognise, issuerDerecognise, issuerList, issuerShow],
  },
  { name: "schema", summary: "Schemas of credentials.", commands: [schemaRegister, schemaList, schemaShow] },
  {
    name: "status-list",
    summary: "What issuers' status lists hold, as the ledger has it.",
    commands: [statusListPublish, statusListList, statusListShow],
  },
  {
    name: "evidence",
    summary: "Evidence: hashes of documents on the ledger, each with a proof of its own.",
    commands: [
      evidenceAnchor,
      evidenceVerify,
      evidenceSign,
      evidenceRevoke,
      evidenceUnrevoke,
      evidenceShow,
      evidenceProve,
    ],
  },
  {
    name: "linkage",
    summary: "Linkage contracts between devices of several parties.",
    commands: [
      linkagePropose,
      linkageAccept,
      linkageSuspend,
      linkageActivate,
      linkageWithdraw,
      linkageEnd,
      linkageList,
      linkageShow,
      linkageWhy,
      linkageCheck,
    ],
  },
  {
    name: "grant",
    summary: "Grants: who may get which data of whom, what for, and until when.",
    commands: [grantGive, grantDelegate, grantRevoke, grantList, grantShow, grantReceipt],
  },
  {
    name: "exchange",
    summary: "Data that moves under grants: fetch it, keep it for its owners, and see who had it.",
    commands: [
      exchangeRequest,
      exchangeSubscribe,
      {
        name: "datasets",
        summary: "Datasets that your node keeps for their owners.",
        commands: [exchangeDatasetPut, exchangeDatasetList, exchangeDatasetErase],
      },
      exchangeReceipts,
      exchangeReceipt,
    ],
  },
  {
    name: "topic",
    summary: "Topics: who may speak and listen, and their events.",
    commands: [
      topicOpen,
      topicChange,
      topicClose,
      topicList,
      topicShow,
      topicPublish,
      topicRead,
      topicFollow,
      topicProof,
      topicToken,
    ],
  },
  {
    name: "ledger",
    summary: "Blocks, records and the ledger's files.",
    commands: [ledgerBlocks, ledgerTransaction, ledgerRecord, ledgerProof, ledgerReplay, ledgerBackup, ledgerRestore],
  },
  {
    name: "cert",
    summary: "TLS certificates of the home's node and its clients.",
    commands: [certInit, certIssue, certList, certRevoke, certRotate, certRollover, certCheck],
  },
  {
    name: "wallet",
    summary: "The wallet of the home: credentials that it holds, and to whom what of them was shown.",
    commands: [
      walletInit,
      walletKeys,
      walletReceive,
      walletAccept,
      walletAnswer,
      walletList,
      walletShow,
      walletFind,
      walletPresent,
      walletShown,
      walletRemove,
      walletBackup,
      walletRestore,
    ],
  },
  { name: "key", summary: "Keys of the home.", commands: [keyList, keyCreate, keyExportPublic] },
  {
    name: "engine",
    summary: "The cometbft program that orders groups with a quorum.",
    commands: [engineInstall, engineStatus],
  },
  trail,
  verify,
  sign,
  submit,
  errors,
];
