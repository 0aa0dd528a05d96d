export { type CertificationStatus, DEVICE_OPERATIONS } from "#protocol";
