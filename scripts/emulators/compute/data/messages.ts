/**
 * The members that request bodies may have, by the message's name in compute.proto. `member:Message` is a member that
 * holds a message or an array of them, `member:{}Message` a map of them. A test compares this list with Google's
 * descriptors.
 */
export const MESSAGES: Readonly<Record<string, string>> = {
  AcceleratorConfig: 'acceleratorCount acceleratorType',
  AccessConfig:
    'externalIpv6 externalIpv6PrefixLength kind name natIP networkTier publicPtrDomainName securityPolicy setPublicPtr type',
  AdvancedMachineFeatures:
    'enableNestedVirtualization enableUefiNetworking performanceMonitoringUnit threadsPerCore turboMode visibleCoreCount',
  AliasIpRange: 'ipCidrRange subnetworkRangeName',
  AttachedDisk:
    'architecture autoDelete boot deviceName diskEncryptionKey:CustomerEncryptionKey diskSizeGb forceAttach guestOsFeatures:GuestOsFeature index initializeParams:AttachedDiskInitializeParams interface kind licenses mode savedState shieldedInstanceInitialState:InitialStateConfig source type',
  AttachedDiskInitializeParams:
    'architecture description diskName diskSizeGb diskType enableConfidentialCompute labels licenses onUpdateAction provisionedIops provisionedThroughput replicaZones resourceManagerTags resourcePolicies sourceImage sourceImageEncryptionKey:CustomerEncryptionKey sourceSnapshot sourceSnapshotEncryptionKey:CustomerEncryptionKey storagePool',
  ConfidentialInstanceConfig: 'confidentialInstanceType enableConfidentialCompute',
  CustomerEncryptionKey: 'kmsKeyName kmsKeyServiceAccount rawKey rsaEncryptedKey sha256',
  Disk: 'accessMode architecture asyncPrimaryDisk:DiskAsyncReplication asyncSecondaryDisks:{}DiskAsyncReplicationList creationTimestamp description diskEncryptionKey:CustomerEncryptionKey enableConfidentialCompute guestOsFeatures:GuestOsFeature id kind labelFingerprint labels lastAttachTimestamp lastDetachTimestamp licenseCodes licenses locationHint name options params:DiskParams physicalBlockSizeBytes provisionedIops provisionedThroughput region replicaZones resourcePolicies resourceStatus:DiskResourceStatus satisfiesPzi satisfiesPzs selfLink sizeGb sourceConsistencyGroupPolicy sourceConsistencyGroupPolicyId sourceDisk sourceDiskId sourceImage sourceImageEncryptionKey:CustomerEncryptionKey sourceImageId sourceInstantSnapshot sourceInstantSnapshotId sourceSnapshot sourceSnapshotEncryptionKey:CustomerEncryptionKey sourceSnapshotId sourceStorageObject status storagePool type users zone',
  DiskAsyncReplication: 'consistencyGroupPolicy consistencyGroupPolicyId disk diskId',
  DiskAsyncReplicationList: 'asyncReplicationDisk:DiskAsyncReplication',
  DiskParams: 'resourceManagerTags',
  DiskResourceStatus:
    'asyncPrimaryDisk:DiskResourceStatusAsyncReplicationStatus asyncSecondaryDisks:{}DiskResourceStatusAsyncReplicationStatus',
  DiskResourceStatusAsyncReplicationStatus: 'state',
  DisksResizeRequest: 'sizeGb',
  DisplayDevice: 'enableDisplay',
  Duration: 'nanos seconds',
  FileContentBuffer: 'content fileType',
  GuestOsFeature: 'type',
  InitialStateConfig: 'dbs:FileContentBuffer dbxs:FileContentBuffer keks:FileContentBuffer pk:FileContentBuffer',
  Instance:
    'advancedMachineFeatures:AdvancedMachineFeatures canIpForward confidentialInstanceConfig:ConfidentialInstanceConfig cpuPlatform creationTimestamp deletionProtection description disks:AttachedDisk displayDevice:DisplayDevice fingerprint guestAccelerators:AcceleratorConfig hostname id instanceEncryptionKey:CustomerEncryptionKey keyRevocationActionType kind labelFingerprint labels lastStartTimestamp lastStopTimestamp lastSuspendedTimestamp localSsdEncryptionMode machineType metadata:Metadata minCpuPlatform name networkInterfaces:NetworkInterface networkPerformanceConfig:NetworkPerformanceConfig params:InstanceParams privateIpv6GoogleAccess reservationAffinity:ReservationAffinity resourcePolicies resourceStatus:ResourceStatus satisfiesPzi satisfiesPzs scheduling:Scheduling selfLink serviceAccounts:ServiceAccount shieldedInstanceConfig:ShieldedInstanceConfig shieldedInstanceIntegrityPolicy:ShieldedInstanceIntegrityPolicy sourceMachineImage sourceMachineImageEncryptionKey:CustomerEncryptionKey startRestricted status statusMessage tags:Tags workloadIdentityConfig:WorkloadIdentityConfig zone',
  InstanceParams: 'requestValidForDuration:Duration resourceManagerTags',
  InstancesSetLabelsRequest: 'labelFingerprint labels',
  InstancesSetMachineTypeRequest: 'machineType',
  Items: 'key value',
  Metadata: 'fingerprint items:Items kind',
  NetworkInterface:
    'accessConfigs:AccessConfig aliasIpRanges:AliasIpRange aliasIpv6Ranges:AliasIpRange enableVpcScopedDns fingerprint igmpQuery internalIpv6PrefixLength ipv6AccessConfigs:AccessConfig ipv6AccessType ipv6Address kind name network networkAttachment networkIP nicType parentNicName queueCount serviceClassId stackType subnetwork vlan',
  NetworkPerformanceConfig: 'totalEgressBandwidthTier',
  ReservationAffinity: 'consumeReservationType key values',
  ResourceStatus:
    'effectiveInstanceMetadata:ResourceStatusEffectiveInstanceMetadata physicalHost physicalHostTopology:ResourceStatusPhysicalHostTopology reservationConsumptionInfo:ResourceStatusReservationConsumptionInfo scheduling:ResourceStatusScheduling shutdownDetails:ResourceStatusShutdownDetails upcomingMaintenance:UpcomingMaintenance',
  ResourceStatusEffectiveInstanceMetadata:
    'blockProjectSshKeysMetadataValue enableGuestAttributesMetadataValue enableOsInventoryMetadataValue enableOsconfigMetadataValue enableOsloginMetadataValue gceContainerDeclarationMetadataValue serialPortEnableMetadataValue serialPortLoggingEnableMetadataValue vmDnsSettingMetadataValue',
  ResourceStatusPhysicalHostTopology:
    'additionalAttributes:ResourceStatusPhysicalHostTopologyAdditionalAttributes block cluster host subblock',
  ResourceStatusPhysicalHostTopologyAdditionalAttributes: 'acceleratorTopologyIds',
  ResourceStatusReservationConsumptionInfo: 'consumedReservation consumedReservationBlock consumedReservationSubBlock',
  ResourceStatusScheduling: 'availabilityDomain gracefulShutdownTimestamp terminationTimestamp',
  ResourceStatusShutdownDetails: 'maxDuration:Duration requestTimestamp stopState targetState',
  Scheduling:
    'automaticRestart availabilityDomain exposeHostTopology gracefulShutdown:SchedulingGracefulShutdown hostErrorTimeoutSeconds instanceTerminationAction localSsdRecoveryTimeout:Duration locationHint maxRunDuration:Duration minNodeCpus nodeAffinities:SchedulingNodeAffinity onHostMaintenance onInstanceStopAction:SchedulingOnInstanceStopAction preemptible preemptionNoticeDuration:Duration provisioningModel skipGuestOsShutdown terminationTime',
  SchedulingGracefulShutdown: 'enabled maxDuration:Duration',
  SchedulingNodeAffinity: 'key operator values',
  SchedulingOnInstanceStopAction: 'discardLocalSsd',
  ServiceAccount: 'email scopes',
  ShieldedInstanceConfig: 'enableIntegrityMonitoring enableSecureBoot enableVtpm',
  ShieldedInstanceIntegrityPolicy: 'updateAutoLearnPolicy',
  Tags: 'fingerprint items',
  UpcomingMaintenance:
    'canReschedule latestWindowStartTime maintenanceOnShutdown maintenanceReasons maintenanceStatus type windowEndTime windowStartTime',
  WorkloadIdentityConfig: 'identity identityCertificateEnabled',
  ZoneSetLabelsRequest: 'labelFingerprint labels',
};
