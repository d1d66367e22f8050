# Values that the other files use. The generated files come from the contracts and from lists in the code.
locals {
  _manifest  = jsondecode(file("${path.module}/generated/functions.json"))
  _datastore = jsondecode(file("${path.module}/generated/datastore.json"))

  functions      = { for entry in local._manifest.functions : entry.name => entry }
  api_functions  = { for name, entry in local.functions : name => entry if entry.kind == "http" }
  push_functions = { for name, entry in local.functions : name => entry if entry.kind == "push" }
  jobs           = { for name, entry in local.functions : name => entry if entry.kind == "schedule" }
  topics         = { for topic in local._manifest.topics : topic.name => topic }

  # The identities whose functions use each of the clients.
  _clients = { for client in ["compute", "datastore", "pubsub"] : client => toset([
    for entry in local.functions : entry.identity if contains(entry.clients, client)
  ]) }

  # Prefixes of instance ids, by the API family that creates the instance; the id is also the VM's name. Environments in
  # one project have different prefixes, so that the sink of one does not forward the other's events.
  id_prefixes = {
    for family, prefix in { compute = "tw", resource = "inst" } :
    family => coalesce(var.instance_id_prefixes[family], var.environment == "production" ? prefix : "${prefix}-${var.environment}")
  }

  # Filters in Cloud Logging's language. The local cloud and the tests read the same file.
  log_filters = jsondecode(templatefile("${path.module}/log-filters.json", { prefixes = join("|", values(local.id_prefixes)) }))

  timeout_seconds = { for name, entry in local.functions :
    name => try(coalesce(var.function_overrides[name].timeout_seconds), entry.runtime.timeoutSeconds)
  }

  # The gateway appends the caller's address to X-Forwarded-For, Google's front end the gateway's, and a load balancer
  # one more. The deploy command's smoke test compares this number with what a function received.
  forwarded_hops = coalesce(var.forwarded_hops, var.domain == null ? 2 : 3)

  address = "https://${try(var.domain.name, google_api_gateway_gateway.gateway.default_hostname)}"

  labels = {
    app         = "compute-api"
    environment = var.environment
  }

  database_id = coalesce(var.database_id, var.environment == "production" ? "(default)" : "compute-api-${var.environment}")
}
