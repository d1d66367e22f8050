import type { Block } from './terraform-sources.ts';

/** A rule for the configuration; a block violates the rule if it lacks what `holds` checks. */
export interface Rule {
  /** Type and name of the block; for a block without labels its file and kind. */
  readonly block: string;
  /** What goes wrong if the rule is violated. */
  readonly why: string;
  readonly holds: readonly RegExp[];
}

function rule(block: string, why: string, ...holds: readonly RegExp[]): Rule {
  return { block, why, holds };
}

const FUNCTION = 'google_cloudfunctions2_function.function';

/** Rules that `terraform test` cannot check with invented values: dependencies and references between resources. */
export const RULES: readonly Rule[] = [
  ...[
    'google_artifact_registry_repository_iam_member.build',
    'google_firestore_index.index',
    'google_project_iam_member.build_logs',
    'google_project_iam_member.build_sources',
    'google_project_iam_member.datastore',
    'google_project_iam_member.machines',
    'google_pubsub_topic_iam_member.publisher',
    'google_secret_manager_secret_iam_member.reader',
  ].map((address) =>
    rule(
      FUNCTION,
      'A function that is built or serves before its rights and indexes are there fails.',
      new RegExp(`depends_on = \\[[^\\]]*^ +${address.replace('.', '\\.')},$`, 'ms'),
    ),
  ),
  rule(FUNCTION, 'The runtime that the bundles are built for.', /runtime +?= "nodejs24"/),
  rule(
    FUNCTION,
    'Only the gateway comes from outside.',
    /ingress_settings += each\.value\.kind == "http" \? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"/,
  ),
  rule(
    FUNCTION,
    'Each role has an account of its own.',
    /service_account_email += google_service_account\.account\[each\.value\.identity\]\.email/,
  ),
  rule(
    FUNCTION,
    'Containers are built with the account that may only build.',
    /service_account += google_service_account\.account\["build"\]\.id/,
  ),
  rule(
    FUNCTION,
    'A changed artefact is what makes a function deploy.',
    /object = google_storage_bucket_object\.artefact\[each\.key\]\.name/,
  ),
  rule(FUNCTION, 'Functions read their settings.', /environment_variables += local\._environment_variables/),
  rule(FUNCTION, 'The quota of a project is kept.', /max_instance_count += min\(/),
  rule(
    'google_storage_bucket.artefacts',
    'Nobody else reads the code.',
    /public_access_prevention += "enforced"/,
    /uniform_bucket_level_access = true/,
  ),
  rule(
    'google_storage_bucket_object.artefact',
    'The hash makes a new object.',
    /name += "\$\{each\.key\}\/\$\{var\.artefacts\[each\.key\]\.sha256\}\.zip"/,
  ),
  rule(
    'google_project_iam_member.build_sources',
    'The build reads its own sources alone.',
    /role += "roles\/storage\.objectViewer"/,
    /gcf-v2-sources-/,
    /extract\(\\"\/objects\/\{function\}\/\\"\)\.startsWith\(\\"\$\{var\.environment\}-\\"\)/,
  ),
  rule(
    'google_project_iam_member.build_logs',
    'A build writes its log.',
    /role += "roles\/logging\.logWriter"/,
    /account\["build"\]/,
  ),
  rule(
    'google_artifact_registry_repository_iam_member.build',
    'A build stores its container.',
    /role += "roles\/artifactregistry\.writer"/,
    /account\["build"\]/,
  ),
  ...(['gateway', 'push', 'scheduler'] as const).map((caller) =>
    rule(
      `google_cloud_run_service_iam_member.${caller}`,
      'Nobody but its own caller calls a function.',
      new RegExp(
        `for_each = local\\.${{ gateway: 'api_functions', push: 'push_functions', scheduler: 'jobs' }[caller]}$`,
        'm',
      ),
      /role += "roles\/run\.invoker"/,
      new RegExp(`member += google_service_account\\.account\\["${caller}"\\]\\.member`),
    ),
  ),
  rule(
    'google_firestore_database.main',
    'Rows are written on condition of their version.',
    /concurrency_mode += "OPTIMISTIC"/,
  ),
  rule(
    'google_firestore_database.main',
    'No mistake removes the records.',
    /delete_protection_state = "DELETE_PROTECTION_ENABLED"/,
    /deletion_policy += "ABANDON"/,
    /type += "DATASTORE_MODE"/,
  ),
  rule(
    'google_firestore_database.main',
    'A restore needs versions.',
    /var\.database\.point_in_time_recovery \? "POINT_IN_TIME_RECOVERY_ENABLED"/,
  ),
  rule(
    'google_firestore_index.index',
    'Indexes serve queries without an ancestor.',
    /query_scope = "COLLECTION_GROUP"/,
    /api_scope += "DATASTORE_MODE_API"/,
  ),
  rule(
    'google_firestore_index.index',
    'Building takes hours; an old index goes after its users.',
    /create = "4h"/,
    /create_before_destroy = true/,
  ),
  rule(
    'google_project_iam_member.datastore',
    'Its own database, and both during a restore.',
    /role += "roles\/datastore\.user"/,
    /concat\(\[local\.database_id\], sort\(var\.also_databases\)\)/,
    /create_before_destroy = true/,
  ),
  rule(
    'google_project_iam_member.machines',
    'The machines of functions that talk to Compute Engine.',
    /for_each = local\._clients\.compute/,
    /role += google_project_iam_custom_role\.machines\.id/,
  ),
  rule(
    'google_project_iam_custom_role.machines',
    'Exactly the permissions of the calls.',
    /generated\/permissions\.json/,
  ),
  rule(
    'google_pubsub_topic_iam_member.publisher',
    'Operations are published.',
    /topic\["operations"\]/,
    /role += "roles\/pubsub\.publisher"/,
  ),
  rule(
    'google_pubsub_topic_iam_member.dead_letter',
    'Pub/Sub moves what cannot be delivered.',
    /member += google_project_service_identity\.pubsub\.member/,
  ),
  rule(
    'google_pubsub_subscription_iam_member.dead_letter',
    'Pub/Sub moves what cannot be delivered.',
    /role += "roles\/pubsub\.subscriber"/,
  ),
  rule(
    'google_service_account_iam_member.push_tokens',
    'Deliveries are signed.',
    /role += "roles\/iam\.serviceAccountTokenCreator"/,
    /account\["push"\]\.name/,
  ),
  rule(
    'google_pubsub_subscription.push',
    'Deliveries are signed for their function.',
    /service_account_email = google_service_account\.account\["push"\]\.email/,
    /audience += google_cloudfunctions2_function\.function\[each\.key\]\.service_config\[0\]\.uri/,
  ),
  rule('google_pubsub_subscription.push', 'A subscription without traffic stays.', /ttl = ""/),
  rule('google_pubsub_subscription.push', 'Two deliveries never overlap.', /ack_deadline_seconds += max\(/),
  rule(
    'google_pubsub_subscription.push',
    'What cannot be delivered is given up.',
    /max_delivery_attempts = dead_letter_policy\.value\.attemptsMax/,
  ),
  rule(
    'google_pubsub_subscription.push',
    'The right to call comes first.',
    /depends_on = \[google_cloud_run_service_iam_member\.push\]/,
  ),
  rule(
    'google_cloud_scheduler_job.job',
    'The scheduler signs its requests.',
    /oidc_token \{/,
    /account\["scheduler"\]\.email/,
    /audience += google_cloudfunctions2_function/,
  ),
  rule(
    'google_cloud_scheduler_job.job',
    'The right to call comes first.',
    /depends_on = \[google_cloud_run_service_iam_member\.scheduler\]/,
  ),
  rule(
    'google_logging_project_sink.compute_events',
    'The sink has its own writer and our filter.',
    /unique_writer_identity = true/,
    /filter += local\.log_filters\.computeEvents/,
  ),
  rule(
    'google_pubsub_topic_iam_member.compute_events',
    'The sink may publish.',
    /member += google_logging_project_sink\.compute_events\.writer_identity/,
    /role += "roles\/pubsub\.publisher"/,
  ),
  rule(
    'google_logging_project_exclusion.credentials',
    'Keys stay out of the logs.',
    /filter += local\.log_filters\.gatewayCredentials/,
  ),
  rule(
    'google_monitoring_alert_policy.credentials',
    'A stored key is told.',
    /condition_matched_log \{\n +filter = local\.log_filters\.gatewayCredentials/,
    /notification_channels = google_monitoring_notification_channel\.email\[\*\]\.name/,
  ),
  rule(
    'google_logging_metric.counter',
    'Lines of this environment, by their message.',
    /filter += "\$\{local\._own\} AND jsonPayload\.message=\$\{jsonencode\(each\.value\.message\)\}"/,
  ),
  rule(
    'google_logging_metric.oldest_operation',
    'The age that the sweep writes.',
    /EXTRACT\(jsonPayload\.oldestOpenSeconds\)/,
  ),
  ...['alert', 'burn', 'uptime'].map((name) =>
    rule(
      `google_monitoring_alert_policy.${name}`,
      'Alerts reach operators.',
      /notification_channels = google_monitoring_notification_channel\.email\[\*\]\.name/,
    ),
  ),
  rule(
    'google_monitoring_alert_policy.alert',
    'A count that is missing is too few.',
    /can\(each\.value\.below\) \? "EVALUATION_MISSING_DATA_ACTIVE"/,
    /can\(each\.value\.below\) \? "COMPARISON_LT" : "COMPARISON_GT"/,
  ),
  rule(
    'google_monitoring_alert_policy.burn',
    'Both windows burn.',
    /combiner += "AND"/,
    /\[each\.value\.long, each\.value\.short\]/,
    /select_slo_burn_rate/,
  ),
  rule('google_monitoring_slo.objective', 'Budgets of 30 days.', /rolling_period_days = 30/),
  rule(
    'google_monitoring_uptime_check_config.api',
    'The answer is ours.',
    /status_value = 401/,
    /credentials_missing/,
    /validate_ssl = true/,
  ),
  rule(
    'google_api_gateway_api_config.config',
    'The gateway signs, and never lacks a config.',
    /account\["gateway"\]\.email/,
    /create_before_destroy = true/,
  ),
  rule(
    'google_compute_firewall.allow',
    'No rule without ranges.',
    /if length\(rule\.ranges\) > 0/,
    /ranges = var\.network\.ssh_ranges/,
  ),
  rule(
    'google_compute_firewall.bids',
    'Machines of bids are reached by machines of bids alone.',
    /source_tags += \["bid"\]/,
    /target_tags += \["bid"\]/,
  ),
  rule(
    'google_compute_backend_service.gateway',
    'Floods are refused; the gateway knows its name.',
    /security_policy += google_compute_security_policy\.domain\[each\.key\]\.id/,
    /Host: \$\{google_api_gateway_gateway\.gateway\.default_hostname\}/,
  ),
  rule(
    'monitoring.tf locals',
    'A filter of an alert has at most 2,048 characters.',
    /full_match\(\\"\$\{var\.environment\}-\(\$\{join\("\|", local\._api_families\)\}\)-\.\*\\"\)/,
  ),
  rule(
    'monitoring.tf locals',
    'Endpoints that wait on purpose are not slow.',
    /_quick_series = join\([^=]*!= [^=]* if entry\.runtime\.deadlineSeconds > 60$/m,
  ),
  rule('environment', 'No environment’s functions are taken for another’s.', /length\(setintersection\(split\(/),
  rule(
    'google_project_service.api',
    'The APIs that are used.',
    ...[
      'run',
      'cloudfunctions',
      'pubsub',
      'firestore',
      'cloudscheduler',
      'logging',
      'monitoring',
      'apigateway',
      'cloudbuild',
      'compute',
    ].map((api) => new RegExp(`"${api}\\.googleapis\\.com"`)),
    /disable_on_destroy = false/,
  ),
];

/** Returns the consequences of the rules that these blocks violate. */
export function broken(blocks: readonly Block[]): readonly string[] {
  return RULES.filter(({ block, holds }) => {
    const body = blocks.find(({ file, kind, labels }) => [labels.join('.'), `${file} ${kind}`].includes(block))?.body;
    return body === undefined || !holds.every((pattern) => pattern.test(body));
  }).map(({ block, why }) => `${block}: ${why}`);
}
