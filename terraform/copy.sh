# Sourced by scripts/check-terraform and scripts/plan-terraform.

# copy_configuration PROJECT FOLDER: what Terraform reads, in a folder of its own, because init leaves files beside it.
copy_configuration() {
    local file
    mkdir "$2/functions" "$2/scripts"
    cp -R "$1/terraform" "$1/statemachine" "$2/"
    cp "$1/scripts/media-layer.json" "$2/scripts/"
    mkdir -p "$2/shared/core" && cp -R "$1/shared/core/ladders" "$2/shared/core/"
    for file in "$1"/functions/*/function.yaml; do
        file=${file#"$1/"}
        mkdir "$2/$(dirname "$file")" && cp "$1/$file" "$2/$file"
    done
}

# use_stand_in PROJECT: has Terraform take the provider from the offline stand-in. Called in the environment's copy.
use_stand_in() {
    local tool=${REELSMITH_TF_OFFLINE:-$1/../shared/tools/terraform-offline}
    if [ ! -x "$tool/setup" ]; then
        echo "the AWS provider has no offline stand-in here (REELSMITH_TF_OFFLINE names its folder)" >&2
        return 1
    fi
    TF_CLI_CONFIG_FILE=$("$tool/setup" "$1/.local/terraform-offline" | tail -n 1)
    export TF_CLI_CONFIG_FILE
    unset TF_PLUGIN_CACHE_DIR
    # The stand-in's schema has the blocks of the provider itself as arguments.
    sed -i.block 's/^  default_tags {$/  default_tags = {/' provider.tf
}
