#!/bin/sh
# What a router or a LAN host of the lab does, in a namespace or in a container:
#   node.sh               boot: wait for the links, set addresses, make the tunnels, start the router, stay
#   node.sh tunnel PEER   make the tunnel to PEER (again)
#   node.sh shared        make the interface of all peers, wg0 (again)
#   node.sh router        start the routing daemon (again)
#   node.sh stay          stay, and end when told to (the node that is only a bridge)
# What it does stands in its environment (labrunner/prepare.py explains it); what follows from that is in /etc/wgospf,
# written by the lab runner, or, in a container, by itself. The daemon's output is in /run/router.log, and goes to
# standard output, too.
set -eu

fail() {
  echo "node.sh: $*" >&2
  exit 1
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  tries=$(($1 * 50))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "waited in vain for: $*"
    sleep 0.02
  done
}

links_attached() {
  set -- /sys/class/net/eth[1-9]*
  [ "$CLAB_INTFS" = 0 ] || { [ -e "$1" ] && [ $# -ge "$CLAB_INTFS" ]; }
}

# The kernel's WireGuard where it has one, else wireguard-go.
make_device() {
  device=$1
  address=$2
  if ! ip link add "$device" type wireguard 2>/dev/null; then
    LOG_LEVEL=${WG_LOG:-error} WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 \
      wireguard-go "$device" >>"/run/$device.log" 2>&1 </dev/null
    wait_for 10 test -S "/var/run/wireguard/$device.sock"
  fi
  wg setconf "$device" "/etc/wgospf/$device.conf"
  ip link set "$device" mtu 1420 addrgenmode none
  [ "$address" = unnumbered ] || ip addr add "$address" dev "$device"
  ip link set "$device" up
}

tunnel_to() {
  for tunnel in $TUNNELS; do
    if [ "${tunnel%%=*}" = "$1" ]; then
      make_device "wg-$1" "${tunnel#*=}"
      return
    fi
  done
  fail "no tunnel to $1 in TUNNELS: $TUNNELS"
}

start_router() {
  case $ROUTER in
    wgospfd)
      command -v wgospfd >/dev/null || fail "there is no wgospfd in $PATH: ./demo and ./check build it, or set WGOSPF_BIN"
      setsid wgospfd --config /etc/wgospf/wgospfd.yaml >>/run/router.log 2>&1 </dev/null &
      ;;
    frr)
      [ -x /usr/lib/frr/ospfd ] || fail "FRR is not installed (package frr)"
      install -d -o frr -g frr /run/frr
      install -o frr -g frr -m 644 /dev/null /run/router.warnings
      # A socket that a killed zebra left would let ospfd start too early, and then wait ten seconds.
      rm -f /run/frr/zserv.api
      bfdd=bfdd
      [ "${BFD:-0}" != 0 ] || bfdd=
      for daemon in zebra $bfdd ospfd; do
        setsid "/usr/lib/frr/$daemon" -f "/etc/wgospf/$daemon.conf" >>/run/router.log 2>&1 </dev/null &
        [ $daemon != zebra ] || wait_for 10 test -S /run/frr/zserv.api
      done
      ;;
    bird)
      command -v bird >/dev/null || fail "BIRD is not installed (package bird2)"
      mkdir -p /run/bird
      setsid bird -f -c /etc/wgospf/bird.conf -s /run/bird/bird.ctl >>/run/router.log 2>&1 </dev/null &
      ;;
    *) fail "ROUTER is '$ROUTER', not wgospfd, frr or bird" ;;
  esac
}

# In a container: the configurations of this router, as labrunner/prepare.py has them for all. Those that are there,
# from an earlier start, stay.
prepare_self() {
  ls /etc/wgospf/wg*.conf >/dev/null 2>&1 ||
    PYTHONPATH=/ PYTHONDONTWRITEBYTECODE=1 python3 -m labrunner.prepare /lab.clab.yml "$ROUTER_ID" /etc/wgospf ||
    fail "no configuration"
}

# PID 1 is not ended by a signal that it does not take: stopping a container would wait for its whole patience.
end_when_told() { trap 'exit 0' TERM INT; }

# Stays, and reaps where it is PID 1, also after the daemon has ended.
stay() {
  sleep infinity &
  wait
}

boot_host() {
  wait_for 30 links_attached
  ip addr add "$ADDRESS" dev eth1
  ip link set eth1 up
  ip route add default via "$GATEWAY"
  [ -z "${BEHIND:-}" ] || ip addr add "$BEHIND" dev lo
  stay
}

# Until the network between the routers is joined, or some seconds have passed: WireGuard repeats a handshake that
# was lost before that only after five seconds.
await_underlay() {
  tries=60
  for peer in $(sed -n 's/^Endpoint = \(.*\):[0-9]*$/\1/p' /etc/wgospf/wg*.conf); do
    until [ "$tries" = 0 ] || ping -n -q -c 1 -W 0.1 "$peer" >/dev/null 2>&1; do
      tries=$((tries - 1))
    done
  done
}

boot_router() {
  prepare_self
  wait_for 30 links_attached
  ip addr add "$ROUTER_ID/32" dev lo
  ip addr add "$UNDERLAY" dev eth1
  ip link set eth1 up
  if [ -n "${LAN:-}" ]; then
    ip addr add "$LAN" dev eth2
    ip link set eth2 up
  fi
  [ -z "${EXTERNAL:-}" ] || ip route add "${EXTERNAL%=*}" via "${EXTERNAL#*=}"
  for tunnel in ${TUNNELS:-}; do
    tunnel_to "${tunnel%%=*}" &
  done
  [ -z "${SHARED:-}" ] || make_device wg0 "${SHARED%% *}" &
  wait
  [ -z "${SHARED:-}" ] || [ -e /sys/class/net/wg0 ] || fail "no interface wg0"
  for tunnel in ${TUNNELS:-}; do
    [ -e "/sys/class/net/wg-${tunnel%%=*}" ] || fail "no tunnel to ${tunnel%%=*}"
  done
  await_underlay
  : >>/run/router.log
  tail -n +1 -f /run/router.log &
  start_router
  stay
}

case ${1:-boot} in
  boot) end_when_told; if [ -n "${ADDRESS:-}" ]; then boot_host; else boot_router; fi ;;
  tunnel) tunnel_to "$2" ;;
  shared) make_device wg0 "${SHARED%% *}" ;;
  router) start_router ;;
  stay) end_when_told; stay ;;
  *) fail "unknown: $1" ;;
esac
