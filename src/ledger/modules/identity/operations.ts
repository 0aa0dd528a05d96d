export { IDENTITY_OPERATIONS, type Relationship, type Service } from "#protocol";
