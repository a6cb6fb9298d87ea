terraform {
  required_version = ">= 1.5, < 2.0"

  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = ">= 2.0, < 3.0"
    }

    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.0, < 5.0"
    }
  }
}

# Subscription and credentials come from the environment, for both providers.
provider "azurerm" {
  features {}
}
