# Everything enabled, for scripts/check-terraform. The private half of the key was discarded.
deployment               = "acme-vod-dev"
packages                 = "../../../target/packages"
notification_emails      = ["video@example.com"]
monthly_budget_usd       = 200
mediaconvert             = true
delivery_allowed_origins = ["https://player.example.com"]
delivery_public_key      = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAiRfaHSE+15/CpFK07iQn\nLu9bFH20xBH13oVldBRlbwsPGAeAC/f6C/ZvJznk5aOhphnbwe4M9wKjPfdmubdB\nkwkXnSWbr6wHFHCgJIh9Q0ypiG8vSoi7JmKxuBaoHQytraGw/SSbooB2QfbxQmZL\nKByOpv1UEUCM/vkITi7Y0uMQUFfC7cU56AwFuhTcD0XC4ystVH8IrWEB6KLgifRE\nmYffAJUhvGl0LFHbJ2cN7O/hdsfhhM0eQaR9tc3XZKkEaNMPMgImibNzfDPwNf8e\nm7slLhbB+iZ41k9Okwp+XSVJtZpaGGACc9PSSwAcfCmT03RzlTX4Q9VZrHrZdGlY\njQIDAQAB\n-----END PUBLIC KEY-----\n"
