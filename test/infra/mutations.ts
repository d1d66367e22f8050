/** A deliberate mistake in one file of `infra/`. */
export interface Mutation {
  readonly file: string;
  readonly from: string;
  /** Replacement text; empty if the text is removed. */
  readonly to: string;
}

const mutation = (file: string, from: string, to = ''): Mutation => ({ file, from, to });

/**
 * Mistakes that were made or are easily made: in arguments, bindings, filters, dependencies and environment variables.
 */
export const MUTATIONS: readonly Mutation[] = [
  mutation('functions.tf', '    google_artifact_registry_repository_iam_member.build,\n'),
  mutation('functions.tf', '    google_firestore_index.index,\n'),
  mutation('functions.tf', '    google_project_iam_member.build_logs,\n'),
  mutation('functions.tf', '    google_project_iam_member.build_sources,\n'),
  mutation('functions.tf', '    google_project_iam_member.datastore,\n'),
  mutation('functions.tf', '    google_project_iam_member.machines,\n'),
  mutation('functions.tf', '    google_pubsub_topic_iam_member.publisher,\n'),
  mutation('functions.tf', '    google_secret_manager_secret_iam_member.reader,\n'),
  mutation('functions.tf', '"ALLOW_INTERNAL_ONLY"', '"ALLOW_ALL"'),
  mutation('functions.tf', '"nodejs24"', '"nodejs20"'),
  mutation('functions.tf', 'account[each.value.identity].email', 'account["worker"].email'),
  mutation('functions.tf', 'service_account   = google_service_account.account["build"].id\n'),
  mutation('functions.tf', '    environment_variables            = local._environment_variables\n'),
  mutation('functions.tf', '.sha256}.zip"', '.path}.zip"'),
  mutation('functions.tf', 'public_access_prevention    = "enforced"', 'public_access_prevention    = "inherited"'),
  mutation('functions.tf', 'roles/artifactregistry.writer', 'roles/artifactregistry.reader'),
  mutation('functions.tf', 'roles/storage.objectViewer', 'roles/storage.objectAdmin'),
  mutation('functions.tf', '.startsWith(\\"${var.environment}-\\")', '.startsWith(\\"\\")'),
  mutation('functions.tf', 'google_service_account.account["gateway"].member', '"allUsers"'),
  mutation(
    'functions.tf',
    'google_service_account.account["push"].member',
    'google_service_account.account["api"].member',
  ),
  mutation('functions.tf', 'for_each = local.jobs', 'for_each = local.functions'),
  mutation('functions.tf', 'max_instance_count               = min(', 'max_instance_count               = max('),
  mutation('datastore.tf', '"OPTIMISTIC"', '"PESSIMISTIC"'),
  mutation(
    'datastore.tf',
    'delete_protection_state = "DELETE_PROTECTION_ENABLED"',
    'delete_protection_state = "DELETE_PROTECTION_DISABLED"',
  ),
  mutation('datastore.tf', 'deletion_policy         = "ABANDON"', 'deletion_policy         = "DELETE"'),
  mutation('datastore.tf', 'query_scope = "COLLECTION_GROUP"', 'query_scope = "COLLECTION_RECURSIVE"'),
  mutation('datastore.tf', '    create = "4h"\n'),
  mutation('datastore.tf', 'concat([local.database_id], sort(var.also_databases))', '[local.database_id]'),
  mutation('datastore.tf', 'roles/datastore.user', 'roles/datastore.owner'),
  mutation('identities.tf', 'for_each = local._clients.compute', 'for_each = local._clients.datastore'),
  mutation('identities.tf', 'generated/permissions.json', 'generated/all-permissions.json'),
  mutation('messaging.tf', 'topic["operations"].name', 'topic["compute-events"].name'),
  mutation('messaging.tf', '    ttl = ""\n', '    ttl = "2678400s"\n'),
  mutation('messaging.tf', '  depends_on = [google_cloud_run_service_iam_member.push]\n'),
  mutation('messaging.tf', 'roles/pubsub.subscriber', 'roles/pubsub.viewer'),
  mutation('messaging.tf', 'roles/iam.serviceAccountTokenCreator', 'roles/iam.serviceAccountUser'),
  mutation(
    'messaging.tf',
    '      audience              = google_cloudfunctions2_function.function[each.key].service_config[0].uri\n',
  ),
  mutation(
    'messaging.tf',
    'max_delivery_attempts = dead_letter_policy.value.attemptsMax',
    'max_delivery_attempts = 100',
  ),
  mutation('messaging.tf', 'ack_deadline_seconds       = max(', 'ack_deadline_seconds       = min('),
  mutation('schedule.tf', '    oidc_token {\n', '    oauth_token {\n'),
  mutation('schedule.tf', 'account["scheduler"].email', 'account["gateway"].email'),
  mutation('schedule.tf', 'depends_on = [google_cloud_run_service_iam_member.scheduler]\n'),
  mutation('events.tf', 'unique_writer_identity = true', 'unique_writer_identity = false'),
  mutation('events.tf', 'filter = local.log_filters.computeEvents', 'filter = "resource.type=\\"gce_instance\\""'),
  mutation(
    'events.tf',
    'google_logging_project_sink.compute_events.writer_identity',
    'google_service_account.account["api"].member',
  ),
  mutation('logs.tf', 'local.log_filters.gatewayCredentials', 'local.log_filters.computeEvents'),
  mutation(
    'logs.tf',
    'condition_matched_log {\n      filter = local.log_filters.gatewayCredentials',
    'condition_matched_log {\n      filter = "severity=ERROR"',
  ),
  mutation('monitoring.tf', '"${local._own} AND jsonPayload.message=${jsonencode(each.value.message)}"', 'local._own'),
  mutation('monitoring.tf', 'EXTRACT(jsonPayload.oldestOpenSeconds)', 'EXTRACT(jsonPayload.oldest)'),
  mutation('monitoring.tf', '"COMPARISON_LT" : "COMPARISON_GT"', '"COMPARISON_GT" : "COMPARISON_GT"'),
  mutation('monitoring.tf', 'google_monitoring_notification_channel.email[*].name', '[]'),
  mutation('objectives.tf', 'combiner              = "AND"', 'combiner              = "OR"'),
  mutation('objectives.tf', '      status_value = 401\n', '      status_value = 200\n'),
  mutation('objectives.tf', 'rolling_period_days = 30', 'rolling_period_days = 1'),
  mutation('gateway.tf', 'account["gateway"].email', 'account["api-compute"].email'),
  mutation('network.tf', ' if length(rule.ranges) > 0'),
  mutation('network.tf', 'ranges = var.network.ssh_ranges', 'ranges = ["0.0.0.0/0"]'),
  mutation('network.tf', '  source_tags = ["bid"]\n'),
  mutation('domain.tf', '  security_policy       = google_compute_security_policy.domain[each.key].id\n'),
  mutation('monitoring.tf', 'monitoring.regex.full_match(', 'starts_with('),
  mutation('monitoring.tf', ' if entry.runtime.deadlineSeconds > 60'),
  mutation(
    'variables.tf',
    'length(setintersection(split("-", var.environment)',
    'length(setunion(split("-", var.environment)',
  ),
  mutation('apis.tf', '    "run.googleapis.com",\n'),
  mutation('apis.tf', 'disable_on_destroy = false', 'disable_on_destroy = true'),
];
