# Checks what an operator's variables change.
mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project = "demo-project"
  region  = "europe-west1"
  artefacts = { for entry in jsondecode(file("generated/functions.json")).functions : entry.name => {
    path   = ".build/artefacts/${entry.name}.zip"
    sha256 = sha256(entry.name)
  } }
}

run "only_the_gateways_callers_reach_a_function_from_outside" {
  assert {
    condition = alltrue([for entry in jsondecode(file("generated/functions.json")).functions :
      google_cloudfunctions2_function.function[entry.name].service_config[0].ingress_settings == (entry.kind == "http" ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY")
    ])
    error_message = "Pub/Sub and the scheduler are internal callers; API Gateway is not."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.function : function.service_config[0].environment_variables["FORWARDED_HOPS"] == "2"])
    error_message = "Behind the gateway the caller's address is the second from the right."
  }
  assert {
    condition     = google_cloudfunctions2_function.function["resource-instances-create"].service_config[0].environment_variables["RESOURCE_ID_PREFIX"] == "inst" && google_cloudfunctions2_function.function["compute-instances-create"].service_config[0].environment_variables["INSTANCE_ID_PREFIX"] == "tw"
    error_message = "Production's ids begin with tw and inst."
  }
  assert {
    condition     = length(google_compute_firewall.allow) == 2 && length(google_compute_global_forwarding_rule.domain) == 0
    error_message = "Port 22 is open to no address, and no load balancer is made, if not said."
  }
  assert {
    condition     = google_compute_firewall.bids[0].source_tags == toset(["bid"]) && google_compute_firewall.bids[0].target_tags == toset(["bid"])
    error_message = "Machines of bids reach each other, and nothing else reaches them by this rule."
  }
  assert {
    condition     = output.alerts_go_to == "" && length(google_monitoring_notification_channel.email) == 0
    error_message = "Without an address the output says that nobody is told."
  }
}

run "a_domain_stands_before_the_gateway" {
  variables {
    domain  = { name = "api.example.com", requests_per_minute_per_addr = 60 }
    network = { ssh_ranges = ["192.0.2.0/24"], between_bids = false }
    alerts  = { email = "operators@example.com" }
  }
  assert {
    condition     = output.address == "https://api.example.com" && google_compute_backend_service.gateway["main"].security_policy == google_compute_security_policy.domain["main"].id
    error_message = "The API is at its domain, behind Cloud Armor."
  }
  assert {
    condition     = [for rule in google_compute_security_policy.domain["main"].rule : "${rule.rate_limit_options[0].exceed_action} ${rule.rate_limit_options[0].rate_limit_threshold[0].count}" if rule.action == "throttle"] == ["deny(429) 60"]
    error_message = "Floods from one address are refused."
  }
  assert {
    condition     = google_compute_managed_ssl_certificate.domain["main"].managed[0].domains == tolist(["api.example.com"]) && google_compute_global_forwarding_rule.domain["main"].port_range == "443"
    error_message = "The certificate is the domain's, and port 80 is closed."
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.function : function.service_config[0].environment_variables["FORWARDED_HOPS"] == "3"])
    error_message = "The load balancer is one more hop."
  }
  assert {
    condition     = google_monitoring_uptime_check_config.api.monitored_resource[0].labels["host"] == "api.example.com"
    error_message = "The check comes the way that callers come."
  }
  assert {
    condition     = google_compute_firewall.allow["ssh-server"].source_ranges == toset(["192.0.2.0/24"])
    error_message = "Port 22 is open to the addresses that were named."
  }
  assert {
    condition     = length(google_compute_firewall.bids) == 0
    error_message = "Machines of bids reach each other where the operator lets them."
  }
  assert {
    condition     = output.alerts_go_to == "operators@example.com" && alltrue([for policy in google_monitoring_alert_policy.burn : length(policy.notification_channels) == 1])
    error_message = "Alerts go to the address."
  }
}

run "filters_of_alerts_are_as_short_as_they_must_be" {
  variables {
    environment = "fifteen-letters"
  }
  assert {
    condition = alltrue([for policy in google_monitoring_alert_policy.alert :
      alltrue([for condition in policy.conditions : length(condition.condition_threshold[0].filter) <= 2048])
    ])
    error_message = "A filter of an alert's condition has at most 2,048 characters."
  }
  assert {
    condition     = alltrue([for metric in concat(values(google_logging_metric.counter), values(google_logging_metric.request)) : length(metric.filter) <= 20000])
    error_message = "A filter of a log metric has at most 20,000 characters."
  }
}

run "an_environment_that_is_told_from_no_other_is_refused" {
  command = plan
  variables {
    environment = "prod-compute"
  }
  expect_failures = [var.environment]
}

run "functions_are_set_one_by_one" {
  variables {
    min_instances      = { "compute-instances-get" = 2 }
    function_overrides = { "power-worker" = { timeout_seconds = 300, memory_mb = 1024 }, "reconciler-sweep" = { timeout_seconds = 900 } }
  }
  assert {
    condition     = google_cloudfunctions2_function.function["compute-instances-get"].service_config[0].min_instance_count == 2 && google_cloudfunctions2_function.function["compute-instances-list"].service_config[0].min_instance_count == 0
    error_message = "Instances are kept ready where it is said."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.function["power-worker"].service_config[0].timeout_seconds == 300 &&
      google_cloudfunctions2_function.function["power-worker"].service_config[0].available_memory == "1024Mi" &&
      google_pubsub_subscription.push["power-worker"].ack_deadline_seconds == 300 &&
      google_cloud_scheduler_job.job["reconciler-sweep"].attempt_deadline == "900s"
    )
    error_message = "A caller of a function waits as long as it may run."
  }
}

run "the_sweep_is_set" {
  variables {
    sweep = { slices_at_once = 16, runs_at_once = 4 }
  }
  assert {
    condition = (
      google_cloudfunctions2_function.function["reconciler-sweep"].service_config[0].environment_variables["SWEEP_SLICES_AT_ONCE"] == "16" &&
      google_cloudfunctions2_function.function["reconciler-sweep"].service_config[0].max_instance_count == 5 &&
      google_cloudfunctions2_function.function["quota-recount"].service_config[0].max_instance_count == local.functions["quota-recount"].runtime.maxInstances &&
      google_cloud_scheduler_job.job["reconciler-sweep-4"].schedule == google_cloud_scheduler_job.job["reconciler-sweep"].schedule &&
      length(google_cloud_scheduler_job.job) == length(local.jobs) + 3 &&
      google_cloudfunctions2_function.function["reconciler-sweep"].service_config[0].environment_variables["SWEEP_SLICE_MACHINES"] == "20000"
    )
    error_message = "The sweep is divided as it is said."
  }
}

run "a_sweep_that_outlives_its_minute_is_refused" {
  command = plan
  variables {
    sweep = { run_seconds = 60 }
  }
  expect_failures = [var.sweep]
}

run "a_function_that_does_not_exist_is_no_setting" {
  command = plan
  variables {
    min_instances = { "compute-instances-gte" = 1 }
  }
  expect_failures = [var.min_instances]
}

run "a_shorter_time_out_is_refused" {
  command = plan
  variables {
    function_overrides = { "power-worker" = { timeout_seconds = 5 } }
  }
  expect_failures = [var.function_overrides]
}

run "environments_in_one_project_do_not_hear_each_other" {
  variables {
    environment    = "staging"
    also_databases = ["compute-api-restored"]
  }
  assert {
    condition     = strcontains(google_logging_project_sink.compute_events.filter, "/(tw-staging|inst-staging)-") && google_cloudfunctions2_function.function["resource-instances-create"].service_config[0].environment_variables["RESOURCE_ID_PREFIX"] == "inst-staging"
    error_message = "Names of machines and the sink's filter have the environment."
  }
  assert {
    condition     = alltrue([for member in google_project_iam_member.datastore : strcontains(member.condition[0].expression, "databases/compute-api-staging\"") && strcontains(member.condition[0].expression, "databases/compute-api-restored\"")])
    error_message = "During a restore both databases may be used."
  }
  assert {
    condition     = strcontains(google_project_iam_member.build_sources.condition[0].expression, ".startsWith(\"staging-\")")
    error_message = "The build reads sources of its own environment."
  }
}
