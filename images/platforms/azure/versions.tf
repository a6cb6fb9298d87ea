terraform {
  required_version = ">= 1.5, < 2.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.50, < 5.0"
    }
  }
}

# The subscription is taken from ARM_SUBSCRIPTION_ID.
provider "azurerm" {
  features {}
}
