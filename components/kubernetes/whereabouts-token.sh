# shellcheck shell=bash
# On the control plane's machine: prints the token that the cluster has written into a secret for an account.
#
# Input: SECRET  what the secret is called, in kube-system
# Use:   bash -s -- create | update | delete   (delete has nothing to undo)

secret=${SECRET:-}
export KUBECONFIG=/etc/kubernetes/admin.conf

create() {
  is_label "$secret" || fail "SECRET is '$secret'; it must be a name of at most 63 lower-case letters, digits and hyphens."
  [[ -s $KUBECONFIG ]] || fail "$KUBECONFIG is not there: this machine has no control plane; run control-plane.sh on it first."
  # The token follows the secret a moment later.
  kubectl --namespace kube-system wait secret "$secret" --for=jsonpath='{.data.token}' --timeout=60s >&2
  kubectl --namespace kube-system get secret "$secret" --output 'jsonpath={.data.token}' | base64 --decode
}

act whereabouts-token.sh "$@"
