# The part of `cmake --install` that depends on its --prefix, which need not be the one that was configured.

# iproute2 and the daemon look into /etc; a prefix that is not the system's has an etc of its own.
set(etc "${CMAKE_INSTALL_PREFIX}/etc")
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$")
  set(etc /etc)
endif()
file(INSTALL DESTINATION "${etc}/iproute2/rt_protos.d" TYPE FILE
     FILES "${CMAKE_CURRENT_LIST_DIR}/iproute2/wgospf.conf")
file(INSTALL DESTINATION "${etc}/wgospf" TYPE DIRECTORY FILES "")

# systemd wants the programs' whole paths.
foreach(name wgospfd.service wgospfd@.service)
  set(unit "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/${name}")
  file(READ "${CMAKE_CURRENT_LIST_DIR}/systemd/${name}" text)
  string(REPLACE "=/usr/bin/wgospf" "=${CMAKE_INSTALL_PREFIX}/bin/wgospf" text "${text}")
  message(STATUS "Installing: ${unit}")
  file(WRITE "${unit}" "${text}")
  file(CHMOD "${unit}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endforeach()
# The group that the units run with; `systemd-sysusers` makes it.
file(INSTALL DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/sysusers.d" TYPE FILE
     FILES "${CMAKE_CURRENT_LIST_DIR}/systemd/wgospfd.conf")
