# What everything else is made from. The generated files come from the contracts and from the code's own lists.
locals {
  _manifest  = jsondecode(file("${path.module}/generated/functions.json"))
  _datastore = jsondecode(file("${path.module}/generated/datastore.json"))

  functions      = { for entry in local._manifest.functions : entry.name => entry }
  api_functions  = { for name, entry in local.functions : name => entry if entry.kind == "http" }
  push_functions = { for name, entry in local.functions : name => entry if entry.kind == "push" }
  jobs           = { for name, entry in local.functions : name => entry if entry.kind == "schedule" }
  topics         = { for topic in local._manifest.topics : topic.name => topic }

  # Which identities have a function that talks to what.
  _clients = { for client in ["compute", "datastore", "pubsub"] : client => toset([
    for entry in local.functions : entry.identity if contains(entry.clients, client)
  ]) }

  # First parts of the ids of instances, by the API family that creates them; an id is also the name of the VM.
  # Environments in one project have different ones, so that the sink of one does not forward the other's events.
  id_prefixes = {
    for family, prefix in { compute = "tw", resource = "inst" } :
    family => coalesce(var.instance_id_prefixes[family], var.environment == "production" ? prefix : "${prefix}-${var.environment}")
  }

  # Queries in Cloud Logging's language. The local cloud and the tests read the same file.
  log_filters = jsondecode(templatefile("${path.module}/log-filters.json", { prefixes = join("|", values(local.id_prefixes)) }))

  timeout_seconds = { for name, entry in local.functions :
    name => try(coalesce(var.function_overrides[name].timeout_seconds), entry.runtime.timeoutSeconds)
  }

  # The gateway appends the caller's address to X-Forwarded-For and Google's front end the gateway's; a load balancer in
  # front adds one more. The deploy command's smoke test compares what a function saw.
  forwarded_hops = coalesce(var.forwarded_hops, var.domain == null ? 2 : 3)

  address = "https://${try(var.domain.name, google_api_gateway_gateway.gateway.default_hostname)}"

  labels = {
    app         = "compute-api"
    environment = var.environment
  }

  database_id = coalesce(var.database_id, var.environment == "production" ? "(default)" : "compute-api-${var.environment}")
}
