/** The spec of an instance in the resource family. All names are ids of the catalogue. */
export interface InstanceSpec {
  /** Server type. */
  readonly type: string;
  readonly image: string;
  /** Together with `memory_mb`, overrides the server type. */
  readonly vcpus?: number;
  readonly memory_mb?: number;
  readonly disk_gb?: number;
  readonly vpc_id?: string;
  readonly subnet_id?: string;
  readonly security_groups?: readonly string[];
  readonly ssh_key_ids?: readonly string[];
  /** Base64. */
  readonly user_data?: string;
}
