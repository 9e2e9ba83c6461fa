# Completion of wgospfctl(8) for fish: /usr/share/fish/vendor_completions.d/wgospfctl.fish

set -l shown status interfaces neighbors database routes path peers clients bfd underlay
complete -c wgospfctl -f
complete -c wgospfctl -l json -d 'print JSON'
complete -c wgospfctl -l socket -r -F -d 'the API of a daemon: unix:PATH or HOST:PORT'
complete -c wgospfctl -l ca -r -F -d 'certificate authority of the server'
complete -c wgospfctl -l cert -r -F -d 'certificate of this client'
complete -c wgospfctl -l key -r -F -d 'key of that certificate'
complete -c wgospfctl -l help -d 'say what there is'
complete -c wgospfctl -n __fish_use_subcommand -l version -d 'print the version'
complete -c wgospfctl -n __fish_use_subcommand -a 'show watch firewall forget-key reload confirm config'
complete -c wgospfctl -n "__fish_seen_subcommand_from show; and not __fish_seen_subcommand_from config $shown" -a "$shown"
complete -c wgospfctl -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from check show import' -a 'check show import'
complete -c wgospfctl -n '__fish_seen_subcommand_from config; and __fish_seen_subcommand_from check show import' -F
complete -c wgospfctl -n '__fish_seen_subcommand_from config; and __fish_seen_subcommand_from show' -l effective -d 'every leaf with its value'
complete -c wgospfctl -n '__fish_seen_subcommand_from reload' -l confirm -x -d 'go back without wgospfctl confirm within this time'
complete -c wgospfctl -n '__fish_seen_subcommand_from reload' -l dry-run -d 'take nothing over'
complete -c wgospfctl -n '__fish_seen_subcommand_from watch' -l only -x -a 'interfaces neighbors routes peers kernel notices'
complete -c wgospfctl -n '__fish_seen_subcommand_from firewall' -l nft -d 'commands of nft'
complete -c wgospfctl -n '__fish_seen_subcommand_from firewall' -l iptables -d 'commands of iptables'
complete -c wgospfctl -n '__fish_seen_subcommand_from firewall' -l uci -d 'commands for OpenWrt'
complete -c wgospfctl -n '__fish_seen_subcommand_from path' -l limit -x -d 'at most so many paths'
complete -c wgospfctl -n '__fish_seen_subcommand_from peers' -l wide -d 'whole keys, and prefixes one by one'
complete -c wgospfctl -n '__fish_seen_subcommand_from database' -l area -x
complete -c wgospfctl -n '__fish_seen_subcommand_from database' -l router -x
complete -c wgospfctl -n '__fish_seen_subcommand_from database' -l id -x
complete -c wgospfctl -n '__fish_seen_subcommand_from database' -l detail
complete -c wgospfctl -n '__fish_seen_subcommand_from database' -l type -x -a 'router network summary-network summary-asbr as-external nssa-external opaque-link opaque-area opaque-as unknown'
