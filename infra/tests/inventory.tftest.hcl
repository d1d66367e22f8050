mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project = "demo-project"
  region  = "europe-west1"
  artefacts = { for entry in jsondecode(file("functions.json")).functions : entry.name => {
    path   = ".build/artefacts/${entry.name}.zip"
    sha256 = sha256(entry.name)
  } }
}

run "every_function_of_the_manifest" {
  assert {
    condition     = length(google_cloudfunctions2_function.function) == length(jsondecode(file("functions.json")).functions)
    error_message = "One function per entry of functions.json."
  }
}
