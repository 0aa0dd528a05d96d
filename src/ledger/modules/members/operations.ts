export { MEMBER_OPERATIONS, type MemberChange } from "#protocol";
